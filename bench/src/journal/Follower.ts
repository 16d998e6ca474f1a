/** Live readers of all tags of the journal, as a node that runs every process of a projection has them. */
import type { JournalError } from "@aecor/core"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { BenchJournal } from "./BenchJournal.js"
import * as Clock from "./Clock.js"

/** An event that arrived, and when. */
export type Seen = readonly [position: number, at: number]

/** Reads from when it is built until its layer is gone. */
export class Follower extends Context.Tag("bench/Follower")<
  Follower,
  {
    /** What has arrived, once so many events have. */
    readonly seen: (events: number) => Effect.Effect<ReadonlyArray<Seen>, JournalError.JournalError>
  }
>() {
  static readonly layer: Layer.Layer<Follower, never, BenchJournal> = Layer.scoped(
    Follower,
    Effect.gen(function* () {
      const journal = yield* BenchJournal
      const seen: Array<Seen> = []
      let check = () => {}
      const readers = yield* Effect.forEach(BenchJournal.tagging.tags, (tag) =>
        Effect.forkScoped(
          Stream.runForEach(journal.eventsByTag(tag, 0), ({ position }) =>
            Effect.sync(() => {
              seen.push([position, Clock.now()])
              check()
            })
          )
        )
      )
      const arrived = (events: number) =>
        Effect.async<ReadonlyArray<Seen>>((resume) => {
          check = () => {
            if (seen.length >= events) resume(Effect.succeed(seen))
          }
          check()
        })
      // readers never end by themselves
      return {
        seen: (events) => Effect.raceFirst(arrived(events), Effect.zipRight(Fiber.joinAll(readers), Effect.never))
      }
    })
  )
}
