import { Fold } from "@aecor/core"
import { AsOf, Projection } from "@aecor/projection"
import { expect, it } from "@effect/vitest"
import { DateTime, Effect, Option, TestClock } from "effect"
import { breakIt, count, type CounterEvent, CounterJournal, CounterView, Memory } from "./fixtures/counter.js"

const counters = Projection.exactlyOnce("Counters", {
  journal: CounterJournal,
  view: CounterView,
  project: (row, { event }) => ({
    sum: Option.match(row, { onNone: () => 0, onSome: ({ sum }) => sum }) + byOf(event)
  })
})
const counter = { fold: Fold.make(0, (sum: number, event: CounterEvent) => sum + byOf(event)) }

const byOf = (event: CounterEvent): number =>
  event._tag === "Counted" ? event.by : Fold.impossible("it is broken", event)

it.effect("a row and a state are those of a position and of a time, whatever came after", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(1000)
    yield* count("a", [1, 2])
    yield* count("b", [50])
    yield* TestClock.setTime(2000)
    yield* count("a", [3], 2)
    yield* TestClock.setTime(3000)
    yield* breakIt("a", 3)
    const expected = [
      { at: { position: 0 }, sequence: 0, sum: 0 },
      { at: { position: 1 }, sequence: 1, sum: 1 },
      { at: { position: 3 }, sequence: 2, sum: 3 },
      { at: { position: 4 }, sequence: 3, sum: 6 },
      { at: { time: DateTime.unsafeMake(999) }, sequence: 0, sum: 0 },
      { at: { time: DateTime.unsafeMake(1000) }, sequence: 2, sum: 3 },
      { at: { time: DateTime.unsafeMake(2999) }, sequence: 3, sum: 6 }
    ]
    for (const { at, sequence, sum } of expected) {
      const row = yield* AsOf.row(counters, "a", at)
      expect([at, row]).toEqual([
        at,
        sequence === 0 ? Option.none() : Option.some({ version: sequence, view: { sum } })
      ])
      expect([at, yield* AsOf.state(counter, CounterJournal, "a", at)]).toEqual([at, { sequence, state: sum }])
    }
    const later = { time: DateTime.unsafeMake(3000) }
    const failed = yield* Effect.flip(AsOf.row(counters, "a", later))
    expect(failed).toMatchObject({ _tag: "EventFailed", key: "a", sequence: 4 })
    const defect = yield* Effect.exit(AsOf.state(counter, CounterJournal, "a", later))
    expect(String(defect)).toContain("it is broken")
  }).pipe(Effect.provide(Memory))
)
