// A node whose lease does not answer: it stops what it runs before anybody else may take it, and comes back.
import { DistributedProcessing, Lease } from "@aecor/core"
import { describe, expect } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope, TestClock } from "effect"
import { until } from "../src/testing/internal/patience.js"
import { alive, lasting, recorded } from "../src/testing/internal/processRuns.js"
import { hangs, inCluster, onThisNode, refuses, testOnTroubled } from "./fixtures/troubledLease.js"

const { start } = DistributedProcessing

describe("a node that is cut off from its lease", () => {
  for (const [how, trouble] of [
    ["refuses", refuses],
    ["hangs", hangs]
  ] as const) {
    testOnTroubled(
      `stops its processes after three seconds of silence, and starts them when it is back: the lease ${how}`,
      ({ lease, runs }) =>
        Effect.gen(function* () {
          yield* start("set", [lasting(runs), lasting(runs)])
          yield* until(() => runs.length === 2)
          yield* TestClock.adjust("10 seconds")
          lease.begin(trouble)
          yield* TestClock.adjust("1800 millis")
          expect(alive(runs)).toHaveLength(2)
          yield* TestClock.adjust("2500 millis")
          expect(alive(runs)).toEqual([])
          yield* TestClock.adjust("15 seconds")
          expect(runs).toHaveLength(2)
          lease.end()
          yield* until(() => alive(runs).length === 2)
          for (const { fence } of alive(runs)) {
            const before = runs.find((_) => _.fence.index === fence.index)?.fence
            expect(fence.epoch).toBeGreaterThan(before?.epoch ?? Number.NaN)
          }
        })
    )
  }

  testOnTroubled("keeps a process through a shorter outage", ({ lease, runs }) =>
    Effect.gen(function* () {
      yield* start("set", [lasting(runs)])
      yield* until(() => runs.length === 1)
      for (const _ of [1, 2, 3, 4, 5]) {
        lease.begin(refuses)
        yield* TestClock.adjust("1900 millis")
        lease.end()
        yield* TestClock.adjust("1100 millis")
      }
      expect(runs).toHaveLength(1)
      expect(alive(runs)).toHaveLength(1)
    })
  )

  for (const [where, host] of [
    ["on one node", onThisNode],
    ["in a cluster", inCluster]
  ] as const) {
    testOnTroubled(
      `keeps a process for as long as its deployment lets a node be silent, ${where}`,
      ({ lease, runs }) =>
        Effect.gen(function* () {
          yield* start("set", [lasting(runs)], { silence: "10 seconds" })
          yield* until(() => runs.length === 1)
          yield* TestClock.adjust("2 seconds")
          lease.begin(refuses, ["beat", "claim"])
          yield* TestClock.adjust("9 seconds")
          expect(alive(runs)).toHaveLength(1)
          yield* TestClock.adjust("3 seconds")
          expect(alive(runs)).toEqual([])
          lease.end()
          yield* until(() => alive(runs).length === 1)
          expect(runs).toHaveLength(2)
        }),
      host
    )
  }

  testOnTroubled("starts its processes as soon as the lease answers for the first time", ({ lease, runs }) =>
    Effect.gen(function* () {
      yield* start("set", [lasting(runs)])
      lease.begin(refuses)
      yield* TestClock.adjust("20 seconds")
      expect(runs).toEqual([])
      lease.end()
      yield* until(() => runs.length === 1)
    })
  )

  testOnTroubled(
    "claims a few times a second, not in a loop, when a run has failed just before the lease does",
    ({ lease, runs }) =>
      Effect.gen(function* () {
        // the claims begin before the silence ends what is left of the first epoch
        const backoff = { min: "1 second", jitter: 0 } as const
        yield* start("set", [recorded(runs, () => Effect.fail("broken"))], { backoff })
        yield* until(() => runs.length === 1)
        lease.begin(refuses)
        yield* TestClock.adjust("20 seconds")
        expect(lease.claims()).toBeGreaterThan(10)
        expect(lease.claims()).toBeLessThan(100)
        lease.end()
        yield* until(() => runs.length === 2)
      })
  )

  testOnTroubled("can be asked to start a deployment again that it could not make known", ({ lease, runs }) =>
    Effect.gen(function* () {
      lease.begin(refuses)
      expect(yield* Effect.flip(start("set", [lasting(runs)]))).toBeInstanceOf(Lease.ProcessLeaseError)
      lease.end()
      yield* start("set", [lasting(runs)])
      yield* until(() => runs.length === 1)
    })
  )

  testOnTroubled("closes in time even when the lease does not let go of its processes", ({ lease, runs }) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Scope.extend(start("set", [lasting(runs)]), scope)
      yield* until(() => runs.length === 1)
      lease.begin(hangs)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("4 seconds")
      expect(Option.isSome(yield* Fiber.poll(closing))).toBe(true)
      expect(alive(runs)).toEqual([])
      lease.end()
    })
  )
})
