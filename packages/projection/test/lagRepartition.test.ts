/** What `Lag.of` says while a journal gets more partitions, and fewer again. */
import { DistributedProcessing, type Journal, OffsetStore, ProcessLease } from "@aecor/core"
import { Releases } from "@aecor/core/testing"
import { Lag, Projection, Repartition } from "@aecor/projection"
import { RepartitionSuite } from "@aecor/projection/testing"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, TestClock } from "effect"
import { added, host } from "../src/testing/internal/repartitionScene.js"

const { FewJournal, ManyJournal, SumsView } = RepartitionSuite

const Memory = Layer.mergeAll(
  Releases.layerMemory(FewJournal, ManyJournal),
  SumsView.layerMemory,
  OffsetStore.layerMemory
).pipe(Layer.provideMerge(ProcessLease.layerMemory))

const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`)

const releaseOf = <J>(journal: Journal.Any<J, ReturnType<typeof added>>) => {
  const projection = Projection.exactlyOnce("Sums", {
    journal,
    view: SumsView,
    project: (row, { event }) => ({
      sum: Option.match(row, { onNone: () => 0, onSome: ({ sum }) => sum }) + event.amount,
      count: 0,
      trail: 0
    })
  })
  const run = Effect.flatMap(host, (own) =>
    Effect.provide(DistributedProcessing.start(projection.name, projection.processes, { onMismatch: "wait" }), own)
  )
  return {
    projection,
    /** While its node runs, until nothing is left to be done. */
    catchUp: Effect.scoped(Effect.zipRight(run, TestClock.adjust("20 seconds"))),
    append: (sequence: number) =>
      Effect.flatMap(journal, (service) =>
        Effect.forEach(keys, (key) => service.append(key, sequence, [added(1)]), { discard: true })
      ),
    lag: Lag.of(journal, projection),
    repartition: (options: Repartition.Options = {}) =>
      Effect.flatMap(Effect.fork(Effect.either(Repartition.run(journal, [projection], options))), (going) =>
        Effect.zipRight(TestClock.adjust("2 minutes"), going)
      )
  }
}

it.scoped(
  "the lag counts the rest of the old partitions, nothing of them once they are drained, and what comes after",
  () =>
    Effect.gen(function* () {
      const releases = [releaseOf(FewJournal), releaseOf(ManyJournal)] as const
      yield* releases[0].catchUp
      let written = 0
      for (const [old, next] of [releases, [releases[1], releases[0]]] as const) {
        yield* old.append(written++)
        expect(yield* old.lag).toMatchObject({ events: keys.length })
        yield* old.catchUp
        expect(yield* old.lag).toMatchObject({ events: 0, seconds: 0 })

        // the journal has the new partitions, the processes have the old ones, and do not run
        yield* old.append(written++)
        expect(yield* next.repartition({ timeout: "1 second" })).toMatchObject({ left: { _tag: "NotDrained" } })
        yield* next.append(written++)
        expect(yield* old.lag).toMatchObject({ events: keys.length })
        yield* old.catchUp
        expect(yield* old.lag).toMatchObject({ events: 0, seconds: 0 })

        expect(yield* next.repartition()).toMatchObject({ right: { projections: [{ outcome: "Moved" }] } })
        expect(yield* old.lag).toMatchObject({ events: 0, seconds: 0 })
        const moved = yield* next.lag
        expect(moved.events).toBe(keys.length)
        expect(moved.partitions).toHaveLength(next.projection.processes.length)
        yield* next.catchUp
        expect(yield* next.lag).toMatchObject({ events: 0, seconds: 0 })
        yield* next.append(written++)
        expect(yield* next.lag).toMatchObject({ events: keys.length })
        yield* next.catchUp
      }
    }).pipe(Effect.provide(Memory))
)
