/** The journal under test, through its public API. */
import { type Journal, Tagging } from "@aecor/core"
import { Effect, ManagedRuntime, Stream } from "effect"
import { serve } from "../../run/Worker.js"
import { BenchJournal, layer } from "../BenchJournal.js"
import { type BookingEvent, events, metadata } from "../BookingEvent.js"
import type { Place } from "../Place.js"
import * as Streams from "../Streams.js"
import * as Timed from "../Timed.js"
import { byFibers, type Cell, slice } from "../Writing.js"

const start = (url: string) => ManagedRuntime.make(layer(url))
/** The journals that are open, by their database. */
const runtimes = new Map<string, ReturnType<typeof start>>()

const run = <A, E>(url: string, program: Effect.Effect<A, E, BenchJournal>): Promise<A> => {
  const runtime = runtimes.get(url)
  return runtime === undefined ? Promise.reject(new Error("the journal is not open")) : runtime.runPromise(program)
}

/** Runs a program on the journal of a database. */
const withJournal = <A, E>(
  url: string,
  program: (journal: Journal.Journal<BookingEvent>) => Effect.Effect<A, E>
): Promise<A> => run(url, Effect.flatMap(BenchJournal, program))

interface In {
  readonly url: string
}

const tasks = {
  open: (url: string): Promise<void> => {
    runtimes.set(url, start(url))
    return run(url, Effect.asVoid(BenchJournal))
  },

  close: async (url: string): Promise<void> => {
    await runtimes.get(url)?.dispose()
    runtimes.delete(url)
  },

  append: ({ cell, url }: In & { readonly cell: Cell }) =>
    withJournal(url, (journal) =>
      byFibers(cell, ({ expected, first, key }) =>
        journal.append(key, expected, slice(events, first, cell.perAppend), { metadata })
      )
    ),

  /** Fills keys, each with one append, 32 at a time. */
  fill: ({
    keys,
    length,
    url
  }: In & { readonly keys: ReadonlyArray<string>; readonly length: number }): Promise<void> =>
    withJournal(url, (journal) =>
      Effect.forEach(keys, (key, n) => journal.append(key, 0, slice(events, n * 7, length), { metadata }), {
        concurrency: 32,
        discard: true
      })
    ),

  /** Reads keys one after the other. */
  readKeys: ({ keys, url }: In & { readonly keys: ReadonlyArray<string> }) =>
    withJournal(url, (journal) => Timed.effect(Streams.countAll(keys.map((key) => journal.read(key, 1))))),

  /** Reads the whole journal, partition by partition. */
  readTags: (url: string) =>
    withJournal(url, (journal) =>
      Timed.effect(Streams.countAll(BenchJournal.tagging.tags.map((tag) => journal.currentEventsByTag(tag, 0))))
    ),

  /** Reads a page of 1,000 at each place. */
  readPages: ({ places, url }: In & { readonly places: ReadonlyArray<Place> }) =>
    withJournal(url, (journal) =>
      Effect.forEach(places, ({ after, name, partition }) =>
        Timed.effect(Streams.count(Stream.take(journal.currentEventsByTag(Tagging.tag(name, partition), after), 1000)))
      )
    )
}

export type Ours = typeof tasks

serve(tasks)
