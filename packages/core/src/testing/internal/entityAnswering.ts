/** The part of `EntityHostSuite` about answers: values, rejections, defects, receipts, and one command at a time. */
import { expect } from "@effect/vitest"
import { BigDecimal, Effect, Fiber, Queue } from "effect"
import { Account, type AccountTest, Amounts, amounts, Overdrawn, Probe, since, stored, Summary } from "./account.js"
import { Unwanted, Withdrawn, writeElsewhere } from "./account.js"
import { answered, begun, defectOf, isPending, outcomeOf } from "./patience.js"

export const answering = (it: AccountTest): void => {
  it(
    "answers commands from the state of their own key",
    Effect.gen(function* () {
      const account = yield* Account
      expect(yield* answered(account("a").Deposit({ amount: 5 }))).toBe(5)
      expect(yield* answered(account("b").Deposit({ amount: 7 }))).toBe(7)
      expect(yield* answered(account("a").Deposit({ amount: 1 }))).toBe(6)
      expect(yield* answered(account("a").Withdraw({ amount: 6 }))).toBeUndefined()
      expect(yield* answered(account("a").Balance())).toBe(0)
      expect(yield* amounts("a")).toEqual([5, 1, 6])
      expect(yield* amounts("b")).toEqual([7])
    })
  )

  it(
    "gives commands and answers their own types back on the other side",
    Effect.gen(function* () {
      const account = yield* Account
      const on = new Date("1999-12-31T23:59:59.999Z")
      const summary = yield* answered(account("a").DepositAll({ amounts: [1, 2, 3], on }))
      expect(summary).toBeInstanceOf(Summary)
      expect(summary).toEqual(new Summary({ balance: 6, sequence: 3, on }))
      expect(yield* answered(account("b").DepositAll(new Amounts({ amounts: [], on })))).toMatchObject({ sequence: 0 })
    })
  )

  it(
    "serves keys of any characters",
    Effect.gen(function* () {
      const account = yield* Account
      const keys = ["it's", '"a"', "a/b", "a:b", "a b", "日本 🙂", "e\u0301", "é", "%_\\", "x".repeat(200)]
      for (const [index, key] of keys.entries()) {
        expect(yield* answered(account(key).Deposit({ amount: index }))).toBe(index)
      }
      for (const [index, key] of keys.entries()) expect(yield* amounts(key)).toEqual([index])
    })
  )

  it(
    "stores the events of a command together",
    Effect.gen(function* () {
      const account = yield* Account
      const { counts } = yield* Probe
      yield* answered(account("a").DepositAll({ amounts: [1, 2, 3], on: since }))
      expect((yield* stored("a")).map((_) => _.sequence)).toEqual([1, 2, 3])
      expect(counts.appends).toBe(1)
    })
  )

  it(
    "gives receipts of the place that a command left the entity at",
    Effect.gen(function* () {
      const { receipts } = yield* Account
      const all = receipts("a").DepositAll({ amounts: [1, 2], on: since })
      expect(yield* answered(all)).toMatchObject({ value: { balance: 3 }, key: "a", sequence: 2 })
      expect(yield* answered(receipts("a").Withdraw({ amount: 3 }))).toEqual({
        value: undefined,
        key: "a",
        sequence: 3
      })
      expect(yield* answered(receipts("a").Balance())).toEqual({ value: 0, key: "a", sequence: 3 })
      expect(yield* answered(receipts("b").Glance())).toEqual({ value: 0, key: "b", sequence: 0 })
    })
  )

  it(
    "lets a rejection through by its name with its fields",
    Effect.gen(function* () {
      const account = yield* Account
      yield* answered(account("a").Deposit({ amount: 3 }))
      const error = yield* Effect.flip(answered(account("a").Withdraw({ amount: 5 })))
      expect(error).toBeInstanceOf(Overdrawn)
      expect(error).toEqual(new Overdrawn({ balance: BigDecimal.unsafeFromString("3"), since }))
      const caught = account("a")
        .Withdraw({ amount: 5 })
        .pipe(Effect.catchTag("Overdrawn", (_) => Effect.succeed(_.since.getTime())))
      expect(yield* answered(caught)).toBe(since.getTime())
    })
  )

  it(
    "discards with a rejection what the command has appended",
    Effect.gen(function* () {
      const account = yield* Account
      expect(yield* Effect.flip(answered(account("a").Regret({ amount: 5 })))).toBeInstanceOf(Unwanted)
      expect(yield* amounts("a")).toEqual([])
      expect(yield* answered(account("a").Balance())).toBe(0)
      expect(yield* answered(account("a").Deposit({ amount: 1 }))).toBe(1)
    })
  )

  it(
    "lets a defect reach the caller, stores nothing of its command, and goes on",
    Effect.gen(function* () {
      const account = yield* Account
      yield* answered(account("a").Deposit({ amount: 1 }))
      expect(yield* defectOf(answered(account("a").Crash({ amount: 5 })))).toContain("the handler is broken")
      expect(yield* amounts("a")).toEqual([1])
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(3)
    })
  )

  it(
    "lets a history that the fold refuses reach the caller as a defect",
    Effect.gen(function* () {
      const account = yield* Account
      yield* writeElsewhere("a", 0, new Withdrawn({ amount: 1 }))
      expect(yield* defectOf(answered(account("a").Balance()))).toContain("withdrawn from 0")
    })
  )

  it(
    "does not send a command that its own schema refuses",
    Effect.gen(function* () {
      const account = yield* Account
      expect(yield* defectOf(answered(account("a").Deposit({ amount: 0.5 })))).toContain("integer")
      expect((yield* Probe).counts.runs).toBe(0)
    })
  )

  it(
    "runs one command of a key at a time, and those of other keys meanwhile",
    Effect.gen(function* () {
      const account = yield* Account
      const { entered, gate } = yield* Probe
      const first = yield* begun(account("a").Linger({ amount: 1 }))
      expect(yield* answered(Queue.take(entered))).toBe("1")
      const second = yield* begun(account("a").Deposit({ amount: 2 }))
      const third = yield* begun(account("a").Balance())
      expect(yield* answered(account("b").Deposit({ amount: 9 }))).toBe(9)
      expect([yield* isPending(first), yield* isPending(second), yield* isPending(third)]).toEqual([true, true, true])
      yield* gate.open
      expect([yield* outcomeOf(first), yield* outcomeOf(second), yield* outcomeOf(third)]).toEqual([1, 3, 3])
      expect(yield* amounts("a")).toEqual([1, 2])
    })
  )

  it(
    "loses nothing when many callers send at once",
    Effect.gen(function* () {
      const account = yield* Account
      const senders = Array.from({ length: 30 }, (_, i) => i)
      const answers = yield* answered(
        Effect.forEach(senders, (i) => account(i % 2 === 0 ? "a" : "b").Deposit({ amount: 1 }), {
          concurrency: "unbounded"
        })
      )
      const expected = senders.slice(0, 15).map((i) => i + 1)
      for (const side of [0, 1]) {
        expect(answers.filter((_, i) => i % 2 === side).toSorted((x, y) => x - y)).toEqual(expected)
      }
    })
  )

  it(
    "is not harmed by a caller that goes away while its command runs",
    Effect.gen(function* () {
      const account = yield* Account
      const { entered } = yield* Probe
      const caller = yield* begun(account("a").Linger({ amount: 1 }))
      yield* answered(Queue.take(entered))
      yield* answered(Fiber.interrupt(caller))
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(2)
      expect(yield* amounts("a")).toEqual([2])
    })
  )
}
