/** The journal under test, through its public API. */
import { Tagging } from "@aecor/core"
import { Effect, ManagedRuntime, Stream } from "effect"
import { serve } from "../../run/Worker.js"
import { BenchJournal, layer } from "../BenchJournal.js"
import { events, metadata } from "../BookingEvent.js"
import type { Place } from "../Place.js"
import * as Streams from "../Streams.js"
import * as Timed from "../Timed.js"
import { byFibers, type Cell, slice } from "../Writing.js"

const start = (url: string) => ManagedRuntime.make(layer(url))
let runtime: ReturnType<typeof start> | undefined

/** Runs a program on the journal that was opened last. */
const run = <A, E>(program: Effect.Effect<A, E, BenchJournal>): Promise<A> =>
  runtime === undefined ? Promise.reject(new Error("no journal is open")) : runtime.runPromise(program)

const tasks = {
  open: async (url: string): Promise<void> => {
    await runtime?.dispose()
    runtime = start(url)
    await run(BenchJournal)
  },

  close: async (_: void): Promise<void> => {
    await runtime?.dispose()
    runtime = undefined
  },

  append: (cell: Cell) =>
    run(
      Effect.flatMap(BenchJournal, (journal) =>
        byFibers(cell, ({ expected, first, key }) =>
          journal.append(key, expected, slice(events, first, cell.perAppend), { metadata })
        )
      )
    ),

  /** Fills keys, each with one append, 32 at a time. */
  fill: ({ keys, length }: { readonly keys: ReadonlyArray<string>; readonly length: number }): Promise<void> =>
    run(
      Effect.flatMap(BenchJournal, (journal) =>
        Effect.forEach(keys, (key, n) => journal.append(key, 0, slice(events, n * 7, length), { metadata }), {
          concurrency: 32,
          discard: true
        })
      )
    ),

  /** Reads keys one after the other. */
  readKeys: (keys: ReadonlyArray<string>) =>
    run(
      Effect.flatMap(BenchJournal, (journal) => Timed.effect(Streams.countAll(keys.map((key) => journal.read(key, 1)))))
    ),

  /** Reads the whole journal, partition by partition. */
  readTags: (_: void) =>
    run(
      Effect.flatMap(BenchJournal, (journal) =>
        Timed.effect(Streams.countAll(BenchJournal.tagging.tags.map((tag) => journal.currentEventsByTag(tag, 0))))
      )
    ),

  /** Reads a page of 1,000 at each place; gives what each took. */
  readPages: (places: ReadonlyArray<Place>) =>
    run(
      Effect.flatMap(BenchJournal, (journal) =>
        Effect.forEach(places, ({ after, name, partition }) =>
          Timed.effect(
            Streams.count(Stream.take(journal.currentEventsByTag(Tagging.tag(name, partition), after), 1000))
          )
        )
      )
    )
}

export type Ours = typeof tasks

serve(tasks)
