/** A projection that sets keys aside: the others go on, what waits is in order, and nothing of it is ever lost. */
import type { Quarantine } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Effect, Either, FastCheck, Fiber, Schedule } from "effect"
import * as FailurePolicy from "../../FailurePolicy.js"
import { deliveredBy, deliveries, faults, faultyStore } from "./faults.js"
import { rowAfter, type Scene, scene, type Services } from "./scene.js"
import { added, type Append, appends, TotalsJournal } from "./totals.js"
import { settle } from "./virtualTime.js"

const setsAside = FailurePolicy.quarantine()

/** What the fold does not take. */
const poisoned = 13

const isPoisoned = ({ event }: { readonly event: unknown }) =>
  typeof event === "object" && event !== null && "amount" in event && event.amount === poisoned

/** Histories of which some events cannot be folded. */
const poisonedAppends: FastCheck.Arbitrary<ReadonlyArray<Append>> = FastCheck.tuple(
  appends,
  FastCheck.array(FastCheck.nat(40), { maxLength: 3 })
).map(([history, places]) =>
  history.map((append, i) => (places.includes(i) ? { ...append, events: [added(poisoned), ...append.events] } : append))
)

/** Waits until the partition of a key has been projected as far as it goes. */
const projected = Effect.fnUntraced(function* ({ append, reached }: Scene, key: number) {
  yield* reached(yield* append([{ key, events: [added(1)] }]))
})

/** A key beside another one, in the same partition. */
const beside = ({ key }: Scene, other: number): number => {
  const partition = (name: number) => TotalsJournal.tagging.tagOf(key(name)).partition
  for (let name = other + 1; ; name++) if (partition(name) === partition(other)) return name
}

const listed = ({ id, store }: Scene) => store.quarantined(id)

const until = (at: Scene, holds: (list: ReadonlyArray<Quarantine.Entry>) => boolean) =>
  Effect.repeat(Effect.map(Effect.zipRight(Effect.sleep("10 millis"), listed(at)), holds), { until: (held) => held })

/** Tries again until nothing is set aside: a key may be passed over once more while it is tried. */
const allTried = ({ retry }: Scene) =>
  Effect.repeat(
    Effect.map(retry(), ({ length }) => length === 0),
    { until: (done) => done }
  )

/** Expects the row of a poisoned key to be as it was before the poison. */
const expectPrefix = Effect.fnUntraced(function* ({ events, key, store }: Scene, name: number) {
  const all = yield* events(key(name))
  const before = all.slice(0, all.findIndex(isPoisoned))
  expect(yield* store.get(key(name))).toEqual(rowAfter(before))
})

export const quarantineTests = (test: Vitest.Tester<Services>, runs: number): void => {
  test("a key whose event cannot be folded waits, and the others go on; who awaits it is told", () =>
    Effect.gen(function* () {
      const at = yield* scene
      at.poison.add(poisoned)
      yield* at.deploy({ onFailure: setsAside, pageSize: 3 })
      const [receipt] = yield* at.append([{ key: 0, events: [added(1), added(poisoned), added(2)] }])
      yield* projected(at, beside(at, 0))
      yield* expectPrefix(at, 0)
      const [entry] = yield* listed(at)
      expect(entry).toMatchObject({ key: at.key(0), eventType: "Added", sequence: 3, attempts: 1, last: 4 })
      expect(entry?.cause).toContain("poisoned")
      const later = yield* at.append([{ key: 0, events: [added(3)] }])
      yield* projected(at, beside(at, 0))
      expect(yield* listed(at)).toEqual([{ ...entry, last: 5 }])
      const refused = yield* Effect.flip(at.reached(later))
      expect(refused).toMatchObject({ _tag: "Quarantined", key: at.key(0), sequence: 5 })
      yield* at.reached([{ key: at.key(0), sequence: 2 }])
      expect(receipt?.sequence).toBe(4)
    }).pipe(Effect.scoped, settle))

  test("what is set aside survives takeovers, and a retry by hand folds all that has waited", () =>
    Effect.gen(function* () {
      const at = yield* scene
      at.poison.add(poisoned)
      const { partition } = TotalsJournal.tagging.tagOf(at.key(0))
      yield* at.start(partition, { onFailure: setsAside })
      yield* at.append([{ key: 0, events: [added(1), added(poisoned)] }])
      yield* projected(at, beside(at, 0))
      const next = yield* at.start(partition, { onFailure: setsAside })
      yield* at.append([{ key: 0, events: [added(2)] }])
      yield* projected(at, beside(at, 0))
      const [entry] = yield* listed(at)
      expect(entry).toMatchObject({ sequence: 3, last: 4, attempts: 1 })
      const [failed] = yield* at.retry(at.key(0))
      expect(failed).toEqual({ entry, outcome: "Failed" })
      expect(yield* listed(at)).toMatchObject([{ sequence: 3, last: 4, attempts: 2 }])
      at.poison.clear()
      expect(yield* at.retry("nobody")).toEqual([])
      expect(yield* at.retry()).toMatchObject([{ outcome: "Ended" }])
      expect(yield* listed(at)).toEqual([])
      const receipts = yield* at.append([{ key: 0, events: [added(4)] }])
      yield* at.reached(receipts)
      yield* at.expectFold(receipts)
      yield* next.shutdown
    }).pipe(Effect.scoped, settle))

  test("a process that halts does not go beyond what another one has set aside", () =>
    Effect.gen(function* () {
      const at = yield* scene
      at.poison.add(poisoned)
      const { partition } = TotalsJournal.tagging.tagOf(at.key(0))
      yield* at.start(partition, { onFailure: setsAside })
      yield* at.append([{ key: 0, events: [added(poisoned)] }])
      yield* projected(at, beside(at, 0))
      const halting = yield* at.start(partition, { onFailure: FailurePolicy.halt })
      yield* at.append([{ key: 0, events: [added(2)] }])
      yield* projected(at, beside(at, 0))
      expect(yield* listed(at)).toMatchObject([{ sequence: 2, last: 3 }])
      yield* halting.shutdown
    }).pipe(Effect.scoped, settle))

  test("one key more than the limit ends the process, which names its event", () =>
    Effect.gen(function* () {
      const at = yield* scene
      at.poison.add(poisoned)
      const other = beside(at, 0)
      const { partition } = TotalsJournal.tagging.tagOf(at.key(0))
      const process = yield* at.start(partition, { onFailure: FailurePolicy.quarantine({ limit: 1 }), pageSize: 1 })
      yield* at.append([{ key: 0, events: [added(poisoned)] }])
      yield* at.append([{ key: other, events: [added(poisoned)] }])
      const exit = yield* process.watchTermination
      expect(JSON.stringify(exit)).toContain("EventFailed")
      expect(yield* listed(at)).toMatchObject([{ key: at.key(0) }])
    }).pipe(Effect.scoped, settle))

  test("what is set aside is tried again by the schedule, until it can be folded", () =>
    Effect.gen(function* () {
      const at = yield* scene
      at.poison.add(poisoned)
      const retry = Schedule.spaced("50 millis")
      yield* at.deploy({ onFailure: FailurePolicy.quarantine({ retry }) })
      const receipts = yield* at.append([{ key: 0, events: [added(poisoned), added(2)] }])
      const attempts = Effect.map(listed(at), ([entry]) => entry?.attempts ?? 0)
      yield* Effect.repeat(Effect.zipRight(Effect.sleep("10 millis"), attempts), { until: (n) => n > 2 })
      at.poison.clear()
      yield* until(at, (list) => list.length === 0)
      yield* at.expectFold(receipts)
    }).pipe(Effect.scoped, settle))

  test.prop(
    "the view equals the fold of the journal, whatever is set aside, wherever the process crashes, however often it is tried again",
    { delivery: deliveries, script: faults, history: poisonedAppends, tries: FastCheck.nat(6) },
    ({ delivery, history, script, tries }) =>
      Effect.gen(function* () {
        const at = yield* scene
        at.poison.add(poisoned)
        const half = Math.ceil(history.length / 2)
        yield* at.append(history.slice(0, half))
        yield* at.deploy({
          pageSize: delivery.pageSize,
          journal: deliveredBy(at.journal, delivery),
          store: faultyStore(at.store, script),
          onFailure: setsAside
        })
        yield* at.append(history.slice(half))
        // from another node, while the process goes on
        const retrying = yield* Effect.fork(
          Effect.forEach(Array.from({ length: tries }), () => Effect.zipRight(Effect.sleep("7 millis"), at.retry()))
        )
        const names = [0, 1, 2, 3, 4, 5]
        const receipts = yield* at.append(names.map((key) => ({ key, events: [added(1)] })))
        const outcomes = yield* Effect.forEach(receipts, (receipt) => Effect.either(at.reached([receipt])))
        yield* Fiber.join(retrying)
        for (const [i, outcome] of outcomes.entries()) {
          const isSetAside = (yield* at.events(at.key(i))).some(isPoisoned)
          expect(Either.isLeft(outcome)).toBe(isSetAside)
          if (isSetAside) yield* expectPrefix(at, i)
        }
        at.poison.clear()
        yield* allTried(at)
        yield* at.reached(receipts)
        yield* at.expectFold(receipts)
      }).pipe(Effect.scoped, settle),
    { timeout: 120_000, fastCheck: { numRuns: runs } }
  )

  test("a retry that meets the process at any step loses nothing", () =>
    Effect.forEach(
      Array.from({ length: 15 }, (_, i) => 7 * i),
      (turns) =>
        Effect.gen(function* () {
          const at = yield* scene
          at.poison.add(poisoned)
          yield* at.deploy({ onFailure: setsAside, pageSize: 1 })
          yield* at.append([{ key: 0, events: [added(poisoned)] }])
          yield* until(at, (list) => list.length > 0)
          at.poison.clear()
          const wait = Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow(), { discard: true })
          const appending = Effect.forEach([1, 2, 3], (n) => at.append([{ key: 0, events: [added(n)] }]))
          const retrying = Effect.zipRight(wait, at.retry())
          const [appended] = yield* Effect.all([appending, retrying], { concurrency: "unbounded" })
          yield* allTried(at)
          const receipts = appended[2] ?? []
          yield* at.reached(receipts)
          yield* at.expectFold(receipts)
        }).pipe(Effect.scoped),
      { discard: true }
    ).pipe(settle))
}
