/** The part of `EntityHostSuite` about a journal whose past was changed: a restored backup, a failover that lost events. */
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { JournalError } from "../../JournalError.js"
import { Account, type AccountTest, amounts, Deposited, Ledger, Overdrawn, Probe, writeElsewhere } from "./account.js"
import { answered } from "./patience.js"

const rewind = (key: string, sequence: number) => Effect.flatMap(Ledger, (ledger) => ledger.rewind(key, sequence))

export const losing = (it: AccountTest): void => {
  it(
    "decides anew on the journal as it is when an acknowledged event is gone, and says what is gone",
    Effect.gen(function* () {
      const account = yield* Account
      const { errors } = yield* Probe
      for (const amount of [5, 7, 9]) yield* answered(account("a").Deposit({ amount }))
      yield* rewind("a", 1)
      expect(yield* answered(account.receipts("a").Deposit({ amount: 1 }))).toMatchObject({ value: 6, sequence: 2 })
      expect(yield* amounts("a")).toEqual([5, 1])
      expect(errors).toHaveLength(1)
      for (const named of ["Account", `"a"`, "event 3"]) expect(errors[0]).toContain(named)
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(8)
      expect(errors).toHaveLength(1)
    })
  )

  it(
    "notices that another event stands where the last one stood",
    Effect.gen(function* () {
      const account = yield* Account
      for (const amount of [5, 7]) yield* answered(account("a").Deposit({ amount }))
      yield* rewind("a", 1)
      yield* writeElsewhere("a", 1, new Deposited({ amount: 20 }))
      expect(yield* answered(account("a").Deposit({ amount: 1 }))).toBe(26)
      expect(yield* amounts("a")).toEqual([5, 20, 1])
      expect((yield* Probe).errors).toHaveLength(1)
    })
  )

  it(
    "neither rejects nor answers on a state that was taken back",
    Effect.gen(function* () {
      const account = yield* Account
      yield* answered(account("a").Deposit({ amount: 5 }))
      yield* answered(account("a").Withdraw({ amount: 4 }))
      yield* rewind("a", 1)
      expect(yield* answered(account("a").Balance())).toBe(5)
      yield* rewind("a", 0)
      expect(yield* Effect.flip(answered(account("a").Withdraw({ amount: 1 })))).toBeInstanceOf(Overdrawn)
      expect((yield* Probe).errors).toHaveLength(2)
    })
  )

  it(
    "runs a command again whose events are gone, when it comes again",
    Effect.gen(function* () {
      const account = yield* Account
      const deposit = answered(account.receipts("a").Deposit({ amount: 5 }, { commandId: "c-1" }))
      yield* answered(account("a").Deposit({ amount: 1 }))
      const before = yield* deposit
      yield* rewind("a", 1)
      expect(yield* deposit).toEqual(before)
      expect(yield* amounts("a")).toEqual([1, 5])
    })
  )

  it(
    "gives up when the past changes again and again, and says so",
    Effect.gen(function* () {
      const account = yield* Account
      const { behave, counts, errors, misbehave } = yield* Probe
      const changed = new JournalError({ journal: "j", reason: "PastChanged", description: "event 1 is gone" })
      yield* misbehave(() => (counts.appends > 20 ? Effect.dieMessage("it does not give up") : changed))
      const failed = yield* Effect.flip(answered(account("a").Deposit({ amount: 1 })))
      expect(failed).toMatchObject({ _tag: "CommandFailed", reason: "Journal", inDoubt: false })
      expect(counts.appends).toBeGreaterThan(1)
      expect(errors).toHaveLength(counts.appends)
      yield* behave
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(2)
    })
  )
}
