/** What the customers of the suite's shop buy, and what befalls the process that reacts to it. */
import type { OffsetStore } from "@aecor/core"
import { Deferred, Effect, FastCheck } from "effect"
import type { Fault } from "./faults.js"
import type { Through } from "./shop.js"

/** One purchase: who buys, how much, and of which ledger it is charged. */
export interface Purchase {
  readonly buyer: number
  readonly ledger: number
  readonly amount: number
}

export const purchases: FastCheck.Arbitrary<ReadonlyArray<Purchase>> = FastCheck.array(
  FastCheck.record({
    buyer: FastCheck.nat(3),
    ledger: FastCheck.nat(1),
    amount: FastCheck.integer({ min: 1, max: 20 })
  }),
  { minLength: 1, maxLength: 12 }
)

/**
 * What befalls one sending: nothing; a crash before it or after it; a crash after it, and then many others' commands. With
 * each crash the ledger is cleared: what was refused is no longer.
 */
export type Mishap = "none" | "crashBefore" | "crashAfter" | "crashAfterAndMany"

export const mishaps: FastCheck.Arbitrary<ReadonlyArray<Mishap>> = FastCheck.array(
  FastCheck.oneof(
    { weight: 6, arbitrary: FastCheck.constantFrom<Array<Mishap>>("none", "crashBefore", "crashAfter") },
    { weight: 1, arbitrary: FastCheck.constant<Mishap>("crashAfterAndMany") }
  ),
  { maxLength: 12 }
)

/** The offset store whose commits meet the faults. */
export const faultyOffsets = (
  store: OffsetStore.OffsetStore["Type"],
  script: ReadonlyArray<Fault>
): OffsetStore.OffsetStore["Type"] => {
  const left = [...script]
  const crash = Effect.dieMessage("the process has crashed")
  const commit: typeof store.commit = (step) =>
    Effect.suspend(() => {
      const fault = left.shift()
      if (fault === "crashBeforeCommit") return crash
      return fault === "crashAfterCommit" ? Effect.zipRight(store.commit(step), crash) : store.commit(step)
    })
  return { ...store, commit }
}

/** Whether the process has been killed: what it would do in good order when it ends, it does not do. */
export interface Life {
  killed: boolean
}

/** The commit of a process, which is its last where it has been killed. */
export const mortal =
  <C, A, E>(life: Life, commit: (step: C) => Effect.Effect<A, E>) =>
  (step: C): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      if (!life.killed) return commit(step)
      life.killed = false
      return Effect.dieMessage("the process is dead")
    })

/** A sending that waits, the first time, until it is let go. */
export const held: Effect.Effect<{
  readonly through: Through
  readonly reached: Effect.Effect<void>
  readonly letGo: Effect.Effect<boolean>
}> = Effect.gen(function* () {
  const reached = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  let first = true
  const through: Through = (_, sending) =>
    Effect.suspend(() => {
      if (!first) return sending
      first = false
      return Deferred.succeed(reached, undefined).pipe(Effect.zipRight(Deferred.await(gate)), Effect.zipRight(sending))
    })
  return { through, reached: Deferred.await(reached), letGo: Deferred.succeed(gate, undefined) }
})
