import { OffsetStore } from "@aecor/core"
import { FailurePolicy, Lag, Projection } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Metric, Option, Schedule, Stream, TestClock } from "effect"
import { breakIt, count, CounterJournal, CounterView, Memory, start } from "./fixtures/counter.js"

const sums = (name: string) =>
  Projection.exactlyOnce(name, {
    journal: CounterJournal,
    view: CounterView,
    onFailure: FailurePolicy.quarantine(),
    project: (view, { event }) => {
      if (event._tag !== "Counted") throw new Error("it is broken")
      return { sum: Option.match(view, { onNone: () => 0, onSome: ({ sum }) => sum }) + event.by }
    }
  })

const settled = TestClock.adjust("1 millis")

describe("Lag", () => {
  it.scoped("says how many events wait and since when, before the projection has ever run, and when none does", () =>
    Effect.gen(function* () {
      const projection = sums("Sums")
      expect(yield* Lag.of(CounterJournal, projection)).toMatchObject({
        projection: "Sums",
        events: 0,
        seconds: 0,
        advancedAt: Option.none(),
        quarantined: 0,
        partitions: [{ partition: 0, offset: 0, head: 0 }]
      })
      yield* count("a", [1, 2])
      yield* TestClock.adjust("10 seconds")
      yield* count("b", [1])
      yield* TestClock.adjust("5 seconds")
      expect(yield* Lag.of(CounterJournal, projection)).toMatchObject({
        events: 3,
        seconds: 15,
        partitions: [{ head: 3 }]
      })
      yield* start(projection)
      yield* settled
      yield* TestClock.adjust("1 minute")
      expect(yield* Lag.of(CounterJournal, projection)).toMatchObject({
        events: 0,
        seconds: 0,
        advancedAt: Option.some(15_000),
        partitions: [{ offset: 3, head: 3 }]
      })
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("counts the keys that are set aside", () =>
    Effect.gen(function* () {
      const projection = sums("Aside")
      yield* start(projection)
      yield* count("a", [1])
      yield* breakIt("a", 1)
      yield* count("b", [1])
      yield* settled
      expect(yield* Lag.of(CounterJournal, projection)).toMatchObject({ events: 0, quarantined: 1 })
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("tells the throughput since the time before, of an at-least-once projection as well", () =>
    Effect.gen(function* () {
      const projection = Projection.atLeastOnce("Handled", { journal: CounterJournal, handle: () => Effect.void })
      yield* count("a", [1, 2, 3])
      const told = yield* Effect.fork(
        Stream.runCollect(Stream.take(Lag.changes(CounterJournal, projection, Schedule.spaced("2 seconds")), 3))
      )
      yield* settled
      yield* count("b", [1])
      yield* start(projection)
      yield* TestClock.adjust("5 seconds")
      const found = Chunk.toReadonlyArray(yield* Fiber.join(told))
      expect(found.map(({ events, perSecond }) => [events, perSecond])).toEqual([
        [3, 0],
        [0, 2],
        [0, 0]
      ])
      expect(yield* (yield* OffsetStore.OffsetStore).quarantined("Handled")).toEqual([])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("keeps gauges by projection and partition", () =>
    Effect.gen(function* () {
      const projection = sums("Gauged")
      yield* count("a", [1, 2])
      yield* Effect.forkScoped(Lag.metrics(CounterJournal, projection, Schedule.spaced("1 second")))
      yield* TestClock.adjust("3 seconds")
      const lag = Metric.gauge("aecor_projection_lag_events", { description: "Events that are to be projected" }).pipe(
        Metric.tagged("projection", "Gauged"),
        Metric.tagged("partition", "0")
      )
      expect((yield* Metric.value(lag)).value).toBe(2)
      yield* start(projection)
      yield* TestClock.adjust("3 seconds")
      expect((yield* Metric.value(lag)).value).toBe(0)
    }).pipe(Effect.provide(Memory))
  )
})
