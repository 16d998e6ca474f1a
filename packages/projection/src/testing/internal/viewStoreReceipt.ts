/** Reading one's own write: a receipt is waited for, found at once where it is there, and given up in time. */
import { ConsumerId, type ProcessLease } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { fresh, rowOf, type SuiteView } from "./suiteView.js"
import { settle } from "./virtualTime.js"

const long = "10 seconds"
const short = "300 millis"

/** A view of one key, committed version by version. */
const counter = Effect.gen(function* () {
  const { consumer, fence, id, key, store } = yield* fresh
  let offset = 0
  const commit = (name: string, version: number) =>
    Effect.suspend(() => {
      const rows = new Map([[key(name), { version, view: rowOf(id) }]])
      return store.commit({ consumer, fence, expected: offset, offset: ++offset, rows })
    })
  const await_ = (name: string, sequence: number, timeout: "10 seconds" | "300 millis") =>
    store.awaitReceipt({ key: key(name), sequence }, timeout)
  return { commit, awaitReceipt: await_, key }
})

export const receiptTests = (test: Vitest.Tester<SuiteView | ProcessLease.ProcessLease>): void => {
  test("a receipt that the row has reached is found at once", () =>
    Effect.gen(function* () {
      const { awaitReceipt, commit } = yield* counter
      yield* commit("a", 3)
      yield* settle(awaitReceipt("a", 3, long))
      yield* settle(awaitReceipt("a", 1, long))
      yield* settle(awaitReceipt("nobody", 0, long))
    }))

  test("a receipt is waited for until the commit that reaches it", () =>
    Effect.gen(function* () {
      const { awaitReceipt, commit } = yield* counter
      for (let version = 1; version <= 20; version++) {
        const waiting = yield* Effect.fork(awaitReceipt("a", version, long))
        yield* Effect.yieldNow()
        yield* commit("a", version)
        yield* settle(Fiber.join(waiting))
      }
    }))

  test("a row that jumps beyond the receipt has reached it", () =>
    Effect.gen(function* () {
      const { awaitReceipt, commit } = yield* counter
      const waiting = yield* Effect.fork(awaitReceipt("a", 5, long))
      yield* commit("a", 2)
      yield* commit("a", 9)
      yield* settle(Fiber.join(waiting))
    }))

  test("a key that is called as what every object has is a key like any other, and no other waits for longer", () =>
    Effect.gen(function* () {
      const { store } = yield* fresh
      const { awaitReceipt, commit } = yield* counter
      for (const key of ["constructor", "__proto__", "toString"]) {
        const refused = yield* settle(Effect.flip(store.awaitReceipt({ key, sequence: 1 }, short)))
        expect(refused).toMatchObject({ _tag: "ReceiptTimeout", key })
      }
      const waiting = yield* Effect.fork(awaitReceipt("a", 1, long))
      yield* commit("a", 1)
      yield* settle(Fiber.join(waiting))
    }))

  test("many wait for many keys, and none is missed", () =>
    Effect.gen(function* () {
      const { awaitReceipt, commit } = yield* counter
      const names = Array.from({ length: 30 }, (_, i) => `k-${i}`)
      const waits = Effect.forEach(names, (name) => awaitReceipt(name, 2, long), { concurrency: "unbounded" })
      const commits = Effect.forEach([1, 2], (version) => Effect.forEach(names, (name) => commit(name, version)))
      yield* settle(Effect.all([waits, commits], { concurrency: "unbounded" }))
    }))

  test("a receipt that is not reached in time is a ReceiptTimeout, whatever else is committed", () =>
    Effect.gen(function* () {
      const { awaitReceipt, commit, key } = yield* counter
      yield* commit("a", 1)
      const waiting = yield* Effect.fork(Effect.flip(awaitReceipt("a", 2, short)))
      yield* commit("b", 2)
      const error = yield* settle(Fiber.join(waiting))
      expect(error).toMatchObject({ _tag: "ReceiptTimeout", view: "SuiteView", key: key("a"), sequence: 2 })
      yield* commit("a", 2)
      yield* settle(awaitReceipt("a", 2, long))
    }))

  test("an offset is waited for until the commit that reaches it, also one without rows, and of its consumer alone", () =>
    Effect.gen(function* () {
      const { consumer, fence, store } = yield* fresh
      const other = ConsumerId.make(`${consumer.name}, another`, consumer.tag)
      expect(yield* settle(store.awaitOffset(consumer, 0, short))).toBe(true)
      for (const offset of [3, 4]) {
        const waiting = yield* Effect.fork(store.awaitOffset(consumer, offset, long))
        yield* Effect.yieldNow()
        yield* store.commit({ consumer, fence, expected: offset === 3 ? 0 : 3, offset, rows: new Map() })
        expect(yield* settle(Fiber.join(waiting))).toBe(true)
        expect(yield* settle(store.awaitOffset(consumer, offset, long))).toBe(true)
      }
      expect(yield* settle(store.awaitOffset(consumer, 5, short))).toBe(false)
      expect(yield* settle(store.awaitOffset(other, 1, short))).toBe(false)
    }))
}
