/** A process that reads a journal once, and watches its own memory. */
import { Effect, Stream } from "effect"
import { serve } from "../../run/Worker.js"
import { BenchJournal, layer, partitions } from "../BenchJournal.js"
import * as Streams from "../Streams.js"

interface Reading {
  readonly url: string
  /** How many, if there are so many. */
  readonly events: number
  /** Tags read at once. */
  readonly atOnce: number
}

const tasks = {
  /** Bytes of resident memory before the first read, and at the most, looked at after every chunk. */
  read: ({ atOnce, events, url }: Reading) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const journal = yield* BenchJournal
        const idle = process.memoryUsage.rss()
        let peak = idle
        const watch = () => {
          peak = Math.max(peak, process.memoryUsage.rss())
        }
        const counts = yield* Effect.forEach(
          BenchJournal.tagging.tags,
          (tag) => Streams.count(Stream.take(journal.currentEventsByTag(tag, 0), events / partitions), watch),
          { concurrency: atOnce }
        )
        return { idle, peak, read: counts.reduce((total, count) => total + count, 0) }
      }).pipe(Effect.provide(layer(url)))
    )
}

export type Memory = typeof tasks

serve(tasks)
