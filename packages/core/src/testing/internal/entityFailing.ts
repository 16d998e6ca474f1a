/** The part of `EntityHostSuite` about what goes wrong below an entity: what its caller sees, and what is left of it. */
import { describe, expect } from "@effect/vitest"
import { Effect, Fiber, Queue } from "effect"
import { CommandFailed } from "../../CommandFailed.js"
import { InDoubt, JournalError, VersionConflict } from "../../JournalError.js"
import { Account, type AccountTest, amounts, type ClientTest, Deposited, type Ledger, Probe } from "./account.js"
import { writeElsewhere } from "./account.js"
import { answered, begun } from "./patience.js"

export const failing = (it: AccountTest, itUnserved: ClientTest): void => {
  it(
    "tells its caller that the journal failed, and that nothing was stored",
    Effect.gen(function* () {
      const account = yield* Account
      const { behave, misbehave } = yield* Probe
      yield* misbehave(() => new JournalError({ journal: "j", reason: "Unavailable", description: "no answer" }))
      const failed = yield* Effect.flip(answered(account("a").Deposit({ amount: 1 })))
      expect(failed).toBeInstanceOf(CommandFailed)
      expect(failed).toMatchObject({ entity: "Account", key: "a", reason: "Journal", inDoubt: false })
      yield* behave
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(2)
    })
  )

  it(
    "tells its caller when it is in doubt, and takes the same command again without harm",
    Effect.gen(function* () {
      const account = yield* Account
      const { behave, misbehave } = yield* Probe
      const deposit = answered(account("a").Deposit({ amount: 5 }, { commandId: "c-1" }))
      const lost = (key: string, expected: number) => new InDoubt({ journal: "j", key, expected })
      yield* misbehave((append, key, expected) => Effect.zipRight(append, lost(key, expected)))
      expect(yield* Effect.flip(deposit)).toMatchObject({ _tag: "CommandFailed", reason: "InDoubt", inDoubt: true })
      yield* behave
      expect(yield* deposit).toBe(5)
      expect(yield* amounts("a")).toEqual([5])
    })
  )

  it(
    "forgets its state when it is in doubt",
    Effect.gen(function* () {
      const account = yield* Account
      const { behave, misbehave } = yield* Probe
      yield* answered(account("a").Deposit({ amount: 1 }))
      yield* misbehave((append, key, expected) => Effect.zipRight(append, new InDoubt({ journal: "j", key, expected })))
      yield* Effect.flip(answered(account("a").Deposit({ amount: 5 })))
      yield* behave
      expect(yield* answered(account("a").Glance())).toBe(6)
    })
  )

  it(
    "gives up after some conflicts in a row, and says so",
    Effect.gen(function* () {
      const account = yield* Account
      const { behave, counts, misbehave } = yield* Probe
      yield* misbehave((_, key, expected) =>
        counts.appends > 20
          ? Effect.dieMessage("it does not give up")
          : new VersionConflict({ key, expected, actual: expected + 1 })
      )
      const failed = yield* Effect.flip(answered(account("a").Deposit({ amount: 1 })))
      expect(failed).toMatchObject({ _tag: "CommandFailed", reason: "Conflict", inDoubt: false })
      expect(counts.appends).toBeGreaterThan(1)
      yield* behave
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(2)
      expect(yield* amounts("a")).toEqual([2])
    })
  )

  it(
    "stands several conflicts in a row",
    Effect.gen(function* () {
      const account = yield* Account
      const { counts, misbehave } = yield* Probe
      const elsewhere = yield* Effect.context<Ledger>()
      yield* misbehave((append, key, expected) => {
        if (counts.appends > 3) return append
        const rival = writeElsewhere(key, expected, new Deposited({ amount: 10 }))
        return Effect.zipRight(Effect.provide(rival, elsewhere), append)
      })
      expect(yield* answered(account("a").Deposit({ amount: 1 }))).toBe(31)
      expect(yield* amounts("a")).toEqual([10, 10, 10, 1])
    })
  )

  it(
    "forgets its state when its caller goes away during an append, and knows the command again",
    Effect.gen(function* () {
      const account = yield* Account
      const { behave, entered, misbehave } = yield* Probe
      yield* answered(account("a").Deposit({ amount: 1 }))
      yield* misbehave((append) => append.pipe(Effect.zipLeft(entered.offer("stored")), Effect.zipLeft(Effect.never)))
      const caller = yield* begun(account("a").Deposit({ amount: 5 }, { commandId: "c-1" }))
      expect(yield* answered(Queue.take(entered))).toBe("stored")
      yield* answered(Fiber.interrupt(caller))
      yield* behave
      expect(yield* answered(account("a").Glance())).toBe(6)
      expect(yield* answered(account("a").Deposit({ amount: 5 }, { commandId: "c-1" }))).toBe(6)
      expect(yield* amounts("a")).toEqual([1, 5])
    })
  )

  it(
    "gives up waiting for a handler that takes too long, and serves the next caller",
    Effect.gen(function* () {
      const account = yield* Account
      const failed = yield* Effect.flip(answered(account("a").Linger({ amount: 1 })))
      expect(failed).toMatchObject({
        _tag: "CommandFailed",
        entity: "Account",
        key: "a",
        reason: "Timeout",
        inDoubt: true
      })
      expect(yield* answered(account("a").Deposit({ amount: 2 }))).toBe(2)
    })
  )

  describe("whom nobody serves", () => {
    itUnserved(
      "does not keep its caller waiting for ever",
      Effect.gen(function* () {
        const account = yield* Account
        const failed = yield* Effect.flip(answered(account("a").Deposit({ amount: 1 })))
        expect(failed).toBeInstanceOf(CommandFailed)
        expect(["Unreachable", "Timeout"]).toContain(failed.reason)
      })
    )
  })
}
