/** A node whose view has two versions: they are swapped, there and back, while events are appended and rows are asked for. */
import { DistributedProcessing } from "@aecor/core"
import { PgJournal, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, Layer, Logger, LogLevel, Redacted } from "effect"
import { BenchJournal, table } from "../../journal/BenchJournal.js"
import { events as all, metadata } from "../../journal/BookingEvent.js"
import * as Clock from "../../journal/Clock.js"
import { slice } from "../../journal/Writing.js"
import { serve } from "../../run/Worker.js"
import * as Versions from "../Versions.js"

export interface Task {
  readonly url: string
  readonly swaps: number
  /** Callers that write to a key of their own, and wait for the row each time; and those that ask for rows. */
  readonly writers: number
  readonly readers: number
  /** Milliseconds that a writer, a reader and the swaps pause after each time: light load, so that no query waits in a queue. */
  readonly pauses: { readonly writer: number; readonly reader: number; readonly swaps: number }
}

/** From when to when, in milliseconds. */
export interface Span {
  readonly from: number
  readonly to: number
}

const layer = (url: string) =>
  Versions.layer.pipe(
    Layer.provideMerge(Layer.merge(PgJournal.layer(BenchJournal, { table }), DistributedProcessing.layerLocal)),
    Layer.provideMerge(PgProcessLease.layer),
    Layer.provide(PgMigrations.layer([PgJournal.migrations({ table }), ...Versions.migrations])),
    Layer.provideMerge(PgClient.layer({ url: Redacted.make(url), applicationName: "bench" })),
    Layer.provide(Logger.minimumLogLevel(LogLevel.Warning))
  )

/** What it took, from when to when. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Span, E, R> =>
  Effect.suspend(() => {
    const from = Clock.now()
    return Effect.map(effect, () => ({ from, to: Clock.now() }))
  })

const keyOf = (writer: number): string => `writer-${writer}`

const swapped = ({ pauses, readers, swaps, writers }: Omit<Task, "url">) =>
  Effect.gen(function* () {
    const journal = yield* BenchJournal
    const served = yield* Versions.Served
    yield* DistributedProcessing.start(Versions.present.name, Versions.present.processes)
    yield* DistributedProcessing.start(Versions.next.name, Versions.next.processes)
    const write = (writer: number) =>
      Effect.iterate(0, {
        while: () => true,
        body: (sequence) =>
          Effect.gen(function* () {
            const key = keyOf(writer)
            const receipt = yield* journal.append(key, sequence, slice(all, sequence, 1), { metadata })
            yield* served.awaitReceipt({ key, sequence: receipt.sequence }, "30 seconds")
            yield* Effect.sleep(pauses.writer)
            return receipt.sequence
          })
      })
    const queries: Array<Span> = []
    const read = (reader: number) =>
      Effect.forever(
        Effect.map(timed(served.get(keyOf(reader % writers))), (one) => queries.push(one)).pipe(
          Effect.zipRight(Effect.sleep(pauses.reader))
        )
      )
    const callers = yield* Effect.fork(
      Effect.all(
        [
          Effect.forEach(
            Array.from({ length: writers }, (_, n) => n),
            write,
            { concurrency: "unbounded" }
          ),
          Effect.forEach(
            Array.from({ length: readers }, (_, n) => n),
            read,
            { concurrency: "unbounded" }
          )
        ],
        { concurrency: 2, discard: true }
      )
    )
    const done: Array<Span> = []
    const swap = Effect.suspend(() =>
      timed(served.swap((done.length % 2 === 0 ? Versions.next : Versions.present).name, { patience: "10 seconds" }))
    )
    const swapping = Effect.gen(function* () {
      // processes start, and code is compiled
      yield* Effect.sleep(3000)
      queries.length = 0
      while (done.length < swaps) {
        yield* Effect.sleep(pauses.swaps)
        done.push(yield* swap)
      }
      yield* Effect.sleep(pauses.swaps)
    })
    yield* Effect.raceFirst(swapping, Fiber.join(callers))
    yield* Fiber.interrupt(callers)
    return { swaps: done, queries }
  })

const tasks = {
  /** Swaps under load; gives when each swap and each query was. */
  swap: ({ url, ...task }: Task) => Effect.runPromise(Effect.provide(Effect.scoped(swapped(task)), layer(url)))
}

export type Swaps = typeof tasks

serve(tasks)
