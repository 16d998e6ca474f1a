/** Reading one's own write in rows that many entities write to: what has come is there, and what waits says so. */
import { DistributedProcessing, type EntityEvent } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { type Duration, Effect, Fiber, Option } from "effect"
import * as FailurePolicy from "../../FailurePolicy.js"
import * as MergedView from "../../MergedView.js"
import { type Scene, scene, type Services } from "./scene.js"
import { added, type TotalsEvent, TotalsJournal, type TotalsRow, TotalsView } from "./totals.js"
import { settle } from "./virtualTime.js"

const merged = MergedView.make(TotalsView, {
  journals: [TotalsJournal],
  merge: (one, other) => ({ ...one, total: one.total + other.total })
})

const nothing: TotalsRow = { owner: "", total: 0, count: 0, trail: 0, note: null, lastEvent: "" }

/** Amounts below ten write to one row, the others to another; what is not an amount writes to none. */
const rowOf = ({ id }: Scene, { event }: EntityEvent.EntityEvent<TotalsEvent>): ReadonlyArray<string> =>
  event._tag === "Added" ? [event.amount < 10 ? `${id}/small` : `${id}/large`] : []

const projectionOf = (at: Scene) =>
  MergedView.exactlyOnce(at.id, {
    journal: TotalsJournal,
    view: merged,
    keys: (event) => (event.key.startsWith(at.id) ? rowOf(at, event) : []),
    project: (row, { event }) => {
      const amount = event._tag === "Added" ? event.amount : 0
      if (at.poison.has(amount)) throw new Error("poisoned")
      const before = Option.getOrElse(row, () => nothing)
      return { ...before, total: before.total + amount }
    },
    onFailure: FailurePolicy.quarantine()
  })

const backoff = { min: "20 millis", max: "50 millis", jitter: 0 } as const

const receiptScene = Effect.map(scene, (at) => {
  const projection = projectionOf(at)
  return {
    ...at,
    projection,
    deploy: DistributedProcessing.start(at.id, projection.processes, { backoff }),
    buy: (name: number, ...amounts: ReadonlyArray<number>) =>
      Effect.flatMap(at.append([{ key: name, events: amounts.map((amount) => added(amount)) }]), ([receipt]) =>
        Effect.fromNullable(receipt)
      ),
    total: (row: "small" | "large") =>
      Effect.map(MergedView.get(merged, `${at.id}/${row}`), (found) =>
        Option.match(found, { onNone: () => 0, onSome: ({ total }) => total })
      ),
    awaited: (receipt: { readonly key: string; readonly sequence: number }, timeout: Duration.DurationInput) =>
      MergedView.awaitReceipt(projection, receipt, timeout)
  }
})

const long = "20 seconds"
const short = "300 millis"

export const mergedReceiptTests = (test: Vitest.Tester<Services>): void => {
  test("a receipt is waited for on a merged view until the rows show it, whatever partition it is of", () =>
    Effect.gen(function* () {
      const at = yield* receiptScene
      yield* at.deploy
      let sum = 0
      for (let amount = 1; amount < 10; amount++) {
        const receipt = yield* at.buy(amount, amount, 50)
        yield* at.awaited(receipt, long)
        sum += amount
        expect([yield* at.total("small"), yield* at.total("large")]).toEqual([sum, 50 * amount])
        yield* at.awaited(receipt, long)
      }
      yield* at.awaited({ key: at.key("nobody"), sequence: 0 }, short)
    }).pipe(Effect.scoped, settle))

  test("a receipt whose last event writes to no row is one of the rows that were written before", () =>
    Effect.gen(function* () {
      const at = yield* receiptScene
      yield* at.deploy
      const [receipt] = yield* at.append([{ key: 0, events: [added(3), { _tag: "Noted", note: "last" }] }])
      yield* at.awaited(yield* Effect.fromNullable(receipt), long)
      expect(yield* at.total("small")).toBe(3)
    }).pipe(Effect.scoped, settle))

  test("many wait on a merged view, and none is missed", () =>
    Effect.gen(function* () {
      const at = yield* receiptScene
      const bought = (name: number) =>
        Effect.flatMap(at.buy(name, 1), (receipt) => Effect.fork(at.awaited(receipt, long)))
      const waiting = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, i) => i),
        bought
      )
      yield* at.deploy
      yield* Fiber.join(Fiber.all(waiting))
      expect(yield* at.total("small")).toBe(30)
    }).pipe(Effect.scoped, settle))

  test("a receipt that no process comes to, or that the journal does not know, is a ReceiptTimeout", () =>
    Effect.gen(function* () {
      const at = yield* receiptScene
      const receipt = yield* at.buy(0, 1)
      const late = yield* Effect.flip(at.awaited(receipt, short))
      expect(late).toMatchObject({ _tag: "ReceiptTimeout", view: TotalsView.label, ...receipt })
      const unknown = yield* Effect.flip(at.awaited({ ...receipt, sequence: 99 }, long))
      expect(unknown._tag).toBe("ReceiptTimeout")
      yield* at.deploy
      yield* at.awaited(receipt, long)
    }).pipe(Effect.scoped, settle))

  test("a row that waits in the quarantine is answered for with its cause, and those of others go on", () =>
    Effect.gen(function* () {
      const at = yield* receiptScene
      at.poison.add(13)
      const poisoned = yield* at.buy(0, 13)
      // of the same partition: what comes behind the event that waits, and writes to the same row or another
      const behind = yield* at.buy(0, 20)
      yield* at.deploy
      const refused = yield* Effect.flip(at.awaited(poisoned, long))
      expect(refused).toMatchObject({ _tag: "Quarantined", ...poisoned, entry: { eventType: "Added" } })
      expect((yield* Effect.flip(at.awaited(behind, long)))._tag).toBe("Quarantined")
      const other = yield* at.buy(1, 2)
      yield* at.awaited(other, long)
      expect([yield* at.total("small"), yield* at.total("large")]).toEqual([2, 0])
      at.poison.clear()
      yield* at.projection.quarantine.retry()
      yield* at.awaited(behind, long)
      expect(yield* at.total("large")).toBe(33)
    }).pipe(Effect.scoped, settle))

  test("a row that is set aside is answered for at once, though no process comes to the receipt any more", () =>
    Effect.gen(function* () {
      const at = yield* receiptScene
      at.poison.add(13)
      const whole = yield* at.buy(0, 15)
      const poisoned = yield* at.buy(0, 13)
      const killSwitch = yield* at.deploy
      yield* Effect.flip(at.awaited(poisoned, long))
      yield* killSwitch.shutdown
      const behind = yield* at.buy(0, 20)
      expect((yield* Effect.flip(at.awaited(behind, "1000 days")))._tag).toBe("Quarantined")
      // what the row shows already does not wait
      yield* at.awaited(whole, long)
    }).pipe(Effect.scoped, settle))
}
