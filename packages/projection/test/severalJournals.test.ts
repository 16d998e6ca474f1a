// A view that several journals write to: each entity's row by its own, or merged rows by all of them.
import { Journal, Tagging } from "@aecor/core"
import { FailurePolicy, MergedView, Projection, ViewStore } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Schema, TestClock } from "effect"
import {
  claim,
  count,
  Counted,
  type CounterEvent,
  CounterJournal,
  CounterView,
  errorOf,
  Memory,
  start
} from "./fixtures/counter.js"

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

  it.scoped("a receipt is waited for at the projection of its own journal, though both have entities of one key", () =>
    Effect.gen(function* () {
      const view = MergedView.make(Parts, {
        journals: [CounterJournal, OtherJournal],
        merge: (one, other) => ({ sum: one.sum + other.sum })
      })
      let poisoned = 20
      const options = {
        view,
        keys: ({ key }: { readonly key: string }) => [key, "all"],
        project: (part: Option.Option<{ readonly sum: number }>, { event }: { readonly event: CounterEvent }) => {
          if (event._tag === "Counted" && event.by === poisoned) throw new Error("poisoned")
          return added(part, event)
        },
        onFailure: FailurePolicy.quarantine()
      }
      // one name, in two deployments' taggings: the receipts, offsets and quarantines are told apart by the tag
      const counters = MergedView.exactlyOnce("Merged", { ...options, journal: CounterJournal })
      const others = MergedView.exactlyOnce("Merged", { ...options, journal: OtherJournal })
      yield* count("a", [1, 2, 3])
      yield* countOther("a", [10])
      const ofCounter = { key: "a", sequence: 3 }
      const ofOther = { key: "a", sequence: 1 }
      const other = yield* start(others)
      yield* MergedView.awaitReceipt(others, ofOther, "1 second")
      expect(yield* MergedView.get(view, "all")).toEqual(Option.some({ sum: 10 }))
      // the counters' process does not run, and the others' offset says nothing of it
      const waiting = yield* Effect.fork(Effect.flip(MergedView.awaitReceipt(counters, ofCounter, "1 second")))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "ReceiptTimeout", ...ofCounter })
      yield* other.shutdown
      yield* start(counters)
      yield* MergedView.awaitReceipt(counters, ofCounter, "1 second")
      expect(yield* MergedView.get(view, "all")).toEqual(Option.some({ sum: 16 }))
      // what waits of the one journal's part of a row is none of the other's affair
      yield* count("a", [20], 3)
      yield* settled
      const aside = yield* Effect.flip(MergedView.awaitReceipt(counters, { key: "a", sequence: 4 }, "1 second"))
      expect(aside).toMatchObject({ _tag: "Quarantined", entry: { consumer: { tag: { name: "Counter" } } } })
      yield* countOther("a", [30], 1)
      yield* start(others)
      yield* MergedView.awaitReceipt(others, { key: "a", sequence: 2 }, "1 second")
      expect(yield* MergedView.get(view, "a")).toEqual(Option.some({ sum: 46 }))
      poisoned = 0
      yield* counters.quarantine.retry()
      yield* MergedView.awaitReceipt(counters, { key: "a", sequence: 4 }, "1 second")
      expect(yield* MergedView.get(view, "a")).toEqual(Option.some({ sum: 66 }))
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
