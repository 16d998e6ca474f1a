/** The part of `EntityHostSuite` about what an entity remembers: its state, and the commands that it has run. */
import { expect } from "@effect/vitest"
import { type Duration, Effect } from "effect"
import * as CommandId from "../../CommandId.js"
import * as ConsumerId from "../../ConsumerId.js"
import * as Tagging from "../../Tagging.js"
import { Account, type AccountTest, amounts, Deposited, Overdrawn, Probe, since, Summary } from "./account.js"
import { Withdrawn, writeElsewhere } from "./account.js"
import { answered, pass } from "./patience.js"

export const remembering = (it: AccountTest, idle: Duration.DurationInput): void => {
  it(
    "reads its events once, and again only after it has slept",
    Effect.gen(function* () {
      const account = yield* Account
      const { counts } = yield* Probe
      for (const amount of [1, 2, 3]) yield* answered(account("a").Deposit({ amount }))
      expect(yield* answered(account("a").Balance())).toBe(6)
      expect(counts.reads).toBe(1)
      yield* pass(idle)
      expect(yield* answered(account("a").Glance())).toBe(6)
      expect(counts.reads).toBe(2)
    })
  )

  it(
    "answers a command that comes again as it did before, and does not run it twice",
    Effect.gen(function* () {
      const account = yield* Account
      const { counts } = yield* Probe
      const { receipts } = account
      const deposit = answered(receipts("a").Deposit({ amount: 5 }, { commandId: "c-1" }))
      const all = answered(receipts("a").DepositAll({ amounts: [1, 2], on: since }, { commandId: "c-2" }))
      const withdraw = answered(receipts("a").Withdraw({ amount: 1 }, { commandId: "c-3" }))
      const check = Effect.gen(function* () {
        expect(yield* deposit).toEqual({ value: 5, key: "a", sequence: 1 })
        const summary = new Summary({ balance: 8, sequence: 3, on: since })
        expect(yield* all).toEqual({ value: summary, key: "a", sequence: 3 })
        expect((yield* all).value).toBeInstanceOf(Summary)
        expect(yield* withdraw).toEqual({ value: undefined, key: "a", sequence: 4 })
        expect(counts.runs).toBe(3)
        expect(yield* amounts("a")).toEqual([5, 1, 2, 1])
      })
      yield* check
      yield* check
      yield* pass(idle)
      yield* check
    })
  )

  it(
    "refuses another command under the id of one that has run, and names both",
    Effect.gen(function* () {
      const account = yield* Account
      const deposit = answered(account("a").Deposit({ amount: 5 }, { commandId: "c-1" }))
      const withdraw = answered(account("a").Withdraw({ amount: 1 }, { commandId: "c-1" }))
      const check = Effect.gen(function* () {
        expect(yield* deposit).toBe(5)
        const failed = yield* Effect.flip(withdraw)
        expect(failed).toMatchObject({ _tag: "CommandFailed", reason: "CommandIdReused", inDoubt: false })
        for (const named of ["c-1", "Deposit", "Withdraw"]) expect(failed.message).toContain(named)
        expect(yield* amounts("a")).toEqual([5])
      })
      yield* check
      yield* pass(idle)
      yield* check
      expect(yield* answered(account("b").Deposit({ amount: 1 }, { commandId: "c-1" }))).toBe(1)
    })
  )

  it(
    "recognises a command of a source that sends in an order however many others came between, and runs none before it",
    Effect.gen(function* () {
      const account = yield* Account
      const consumer = ConsumerId.make("Interest", Tagging.tag("Year"))
      const deposit = (position: number, step = "Deposit") =>
        answered(account("a").Deposit({ amount: 1 }, { commandId: CommandId.ordered(consumer, position, step) }))
      expect(yield* deposit(1)).toBe(1)
      expect(yield* deposit(7)).toBe(2)
      const others = Effect.forEach(Array.from({ length: 300 }), () => account("a").Deposit({ amount: 1 }), {
        concurrency: 16
      })
      yield* answered(others)
      const check = Effect.gen(function* () {
        expect(yield* deposit(7)).toBe(2)
        expect(yield* Effect.flip(deposit(1))).toMatchObject({ reason: "CommandPassed", inDoubt: false })
        expect(yield* Effect.flip(deposit(6, "Other"))).toMatchObject({ reason: "CommandPassed", inDoubt: false })
        expect(yield* answered(account("a").Balance())).toBe(302)
      })
      yield* check
      yield* pass(idle)
      yield* check
      expect(yield* deposit(7, "Another")).toBe(303)
      expect(yield* deposit(7)).toBe(2)
    })
  )

  it(
    "runs commands of different ids, of no id, and of different keys, each",
    Effect.gen(function* () {
      const account = yield* Account
      const deposit = (key: string, commandId?: string) =>
        answered(account(key).Deposit({ amount: 1 }, commandId === undefined ? {} : { commandId }))
      yield* Effect.all([deposit("a", "c-1"), deposit("a", "c-2"), deposit("a"), deposit("a"), deposit("b", "c-1")])
      expect(yield* answered(account("a").Balance())).toBe(4)
      expect(yield* answered(account("b").Balance())).toBe(1)
    })
  )

  it(
    "decides a rejected command anew when it comes again",
    Effect.gen(function* () {
      const account = yield* Account
      const withdraw = answered(account("a").Withdraw({ amount: 2 }, { commandId: "c-1" }))
      expect(yield* Effect.flip(withdraw)).toBeInstanceOf(Overdrawn)
      yield* answered(account("a").Deposit({ amount: 3 }))
      yield* withdraw
      expect(yield* amounts("a")).toEqual([3, 2])
    })
  )

  it(
    "decides again on the newer state when somebody else has written",
    Effect.gen(function* () {
      const account = yield* Account
      yield* answered(account("a").Deposit({ amount: 5 }))
      yield* writeElsewhere("a", 1, new Deposited({ amount: 10 }))
      expect(yield* answered(account.receipts("a").Deposit({ amount: 1 }))).toMatchObject({ value: 16, sequence: 3 })
      yield* writeElsewhere("a", 3, new Withdrawn({ amount: 16 }))
      expect(yield* Effect.flip(answered(account("a").Withdraw({ amount: 1 })))).toBeInstanceOf(Overdrawn)
      expect(yield* amounts("a")).toEqual([5, 10, 1, 16])
    })
  )

  it(
    "does not reject on a state that is no longer the newest",
    Effect.gen(function* () {
      const account = yield* Account
      expect(yield* answered(account("a").Balance())).toBe(0)
      yield* writeElsewhere("a", 0, new Deposited({ amount: 10 }))
      yield* answered(account("a").Withdraw({ amount: 4 }))
      expect(yield* amounts("a")).toEqual([10, 4])
    })
  )

  it(
    "does not answer what it reads from a state that is no longer the newest",
    Effect.gen(function* () {
      const account = yield* Account
      expect(yield* answered(account("a").Balance())).toBe(0)
      yield* writeElsewhere("a", 0, new Deposited({ amount: 10 }))
      expect(yield* answered(account.receipts("a").Balance())).toMatchObject({ value: 10, sequence: 1 })
    })
  )

  it(
    "answers a cached read from memory, without asking the journal",
    Effect.gen(function* () {
      const account = yield* Account
      const { counts } = yield* Probe
      expect(yield* answered(account("a").Deposit({ amount: 1 }))).toBe(1)
      yield* writeElsewhere("a", 1, new Deposited({ amount: 10 }))
      expect(yield* answered(account("a").Glance())).toBe(1)
      expect(counts).toMatchObject({ appends: 1, reads: 1 })
    })
  )
}
