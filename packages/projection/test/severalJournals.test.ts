// A view that several journals write to: each entity's row by its own, or merged rows by all of them.
import { Journal, Tagging } from "@aecor/core"
import { MergedView, Projection, ViewStore } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Option, Schema, TestClock } from "effect"
import { claim, count, Counted, CounterJournal, CounterView, errorOf, Memory, start } from "./fixtures/counter.js"

class OtherJournal extends Journal.Tag<OtherJournal>()("OtherJournal", {
  event: Counted,
  tagging: Tagging.single("Other")
}) {}

class Parts extends ViewStore.Tag<Parts>()("parts", { row: Schema.Struct({ sum: Schema.Int }) }) {}

const Both = Layer.mergeAll(OtherJournal.layerMemory, Parts.layerMemory).pipe(Layer.provideMerge(Memory))

const added = (
  view: Option.Option<{ readonly sum: number }>,
  event: { readonly _tag: string; readonly by?: number }
) => ({
  sum: Option.match(view, { onNone: () => 0, onSome: ({ sum }) => sum }) + (event.by ?? 0)
})

const ofCounters = Projection.exactlyOnce("OfCounters", {
  journal: CounterJournal,
  view: CounterView,
  project: (view, { event }) => added(view, event)
})
const ofOthers = Projection.exactlyOnce("OfOthers", {
  journal: OtherJournal,
  view: CounterView,
  project: (view, { event }) => added(view, event)
})

const countOther = (key: string, amounts: ReadonlyArray<number>, from = 0) =>
  Effect.flatMap(OtherJournal, (journal) =>
    journal.append(
      key,
      from,
      amounts.map((by) => Counted.make({ by }))
    )
  )

const settled = TestClock.adjust("1 millis")

describe("a view over several journals", () => {
  it.scoped("has each entity's row of its own journal, though the processes of both are taken over", () =>
    Effect.gen(function* () {
      const view = yield* CounterView
      yield* count("counter", [1, 2])
      yield* countOther("other", [10, 20])
      // both older copies have folded, and wake when the newer ones have written
      const awake = yield* Deferred.make<void>()
      const sleepy: typeof view = {
        ...view,
        commit: (commit) => Effect.zipRight(Deferred.await(awake), view.commit(commit))
      }
      const older = [
        yield* Effect.provideService(start(ofCounters), CounterView, sleepy),
        yield* Effect.provideService(start(ofOthers), CounterView, sleepy)
      ]
      yield* settled
      yield* start(ofCounters)
      yield* start(ofOthers)
      yield* count("counter", [3], 2)
      yield* countOther("other", [30], 2)
      yield* view.awaitReceipt({ key: "counter", sequence: 3 }, "1 second")
      yield* view.awaitReceipt({ key: "other", sequence: 3 }, "1 second")
      yield* Deferred.succeed(awake, undefined)
      for (const copy of older) expect(yield* errorOf(copy)).toMatchObject({ _tag: "Fenced" })
      expect(yield* view.get("counter")).toEqual(Option.some({ version: 3, view: { sum: 6 } }))
      expect(yield* view.get("other")).toEqual(Option.some({ version: 3, view: { sum: 60 } }))
    }).pipe(Effect.provide(Both))
  )

  it.scoped("has merged rows of the events of both, under one key", () =>
    Effect.gen(function* () {
      const view = MergedView.make(Parts, {
        journals: [CounterJournal, OtherJournal],
        merge: (one, other) => ({ sum: one.sum + other.sum })
      })
      const keys = ({ key }: { readonly key: string }) => [key, "all"]
      const counters = MergedView.exactlyOnce("Counters", {
        journal: CounterJournal,
        view,
        keys,
        project: (part, { event }) => added(part, event)
      })
      const others = MergedView.exactlyOnce("Others", {
        journal: OtherJournal,
        view,
        keys,
        project: (part, { event }) => added(part, event)
      })
      yield* start(counters)
      yield* start(others)
      yield* count("a", [1, 2])
      yield* countOther("a", [10])
      yield* countOther("b", [100])
      yield* settled
      yield* claim("Counters")
      yield* start(counters)
      yield* count("a", [3], 2)
      yield* settled
      const found = yield* MergedView.all(view)
      expect(new Map([...found].map(([key, { sum }]) => [key, sum]))).toEqual(
        new Map([
          ["a", 16],
          ["b", 100],
          ["all", 116]
        ])
      )
      expect(yield* MergedView.get(view, "a")).toEqual(Option.some({ sum: 16 }))
      expect(yield* MergedView.get(view, "nobody")).toEqual(Option.none())
    }).pipe(Effect.provide(Both))
  )

  it("refuses journals whose partitions could not be told apart, and a journal that it is not over", () => {
    const merge = (one: { readonly sum: number }) => one
    expect(() => MergedView.make(Parts, { journals: [CounterJournal, CounterJournal], merge })).toThrow(RangeError)
    const view = MergedView.make(Parts, { journals: [CounterJournal], merge })
    const wrong = () =>
      MergedView.exactlyOnce("Wrong", { journal: OtherJournal, view, keys: () => [], project: () => ({ sum: 0 }) })
    expect(wrong).toThrow("not over the journal OtherJournal")
  })
})
