import { ProcessLease } from "@aecor/core"
import { ProcessLeaseSuite } from "@aecor/core/testing"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, TestClock } from "effect"
import { beatOf, claimed, claimTag, freshName, registered, row, silence } from "../src/testing/internal/leases.js"

ProcessLeaseSuite.suite("the process lease in memory", ProcessLease.layerMemory, { elapse: TestClock.adjust })

describe("the process lease in memory, when the clock steps back,", () => {
  it.effect("bears a little, and takes a time far ahead for one long ago", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      yield* TestClock.setTime(100_000)
      const process = yield* registered()
      const fence = yield* claimed(process, "a")
      yield* lease.beat([beatOf(fence)])
      yield* lease.announce("a", [{ deployment: process.deployment }])
      yield* lease.coordinate(process.deployment, "a", silence)
      yield* TestClock.setTime(98_000)
      expect(yield* claimTag(process, "b")).toBe("Busy")
      expect(yield* lease.runners(process.deployment, silence)).toEqual([{ name: "a", weight: 1 }])
      expect(yield* lease.coordinate(process.deployment, "b", silence)).toBe(false)
      yield* TestClock.setTime(50_000)
      expect((yield* row(process)).sinceBeat).toEqual(Option.some(Number.POSITIVE_INFINITY))
      expect(yield* lease.runners(process.deployment, silence)).toEqual([])
      expect(yield* lease.coordinate(process.deployment, "b", silence)).toBe(true)
      expect(yield* claimTag(process, "b")).toBe("Claimed")
    }).pipe(Effect.provide(ProcessLease.layerMemory))
  )

  it.effect("does not take a runner for alive when the clock comes to where its last sign of life was", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const { deployment } = yield* registered()
      yield* TestClock.setTime(100_000)
      yield* lease.announce("a", [{ deployment }])
      yield* TestClock.setTime(50_000)
      expect(yield* lease.runners(deployment, silence)).toEqual([])
      yield* TestClock.setTime(99_000)
      expect(yield* lease.runners(deployment, silence)).toEqual([])
    }).pipe(Effect.provide(ProcessLease.layerMemory))
  )

  it.effect("is a new one wherever its layer is built", () =>
    Effect.gen(function* () {
      const deployment = freshName()
      const known = Effect.map(registered(1, deployment), (_) => _.deployment)
      for (const _ of [1, 2]) expect(yield* Effect.provide(known, ProcessLease.layerMemory)).toBe(deployment)
      const two = Effect.zipRight(registered(2, deployment), row({ deployment, index: 1, generation: 0 }))
      expect(yield* Effect.provide(two, ProcessLease.layerMemory)).toMatchObject({ index: 1, epoch: 0 })
    })
  )
})
