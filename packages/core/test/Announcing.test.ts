// When a node says that it hosts a deployment: not before the deployment is known with as many processes as it has here.
import { DistributedProcessing, Lease } from "@aecor/core"
import { describe, expect } from "@effect/vitest"
import { Duration, Effect, Exit, TestClock } from "effect"
import { silence } from "../src/internal/deploymentSettings.js"
import { answered, outcomeOf, until, untilEffect } from "../src/testing/internal/patience.js"
import { lasting } from "../src/testing/internal/processRuns.js"
import { hangs, inCluster, onThisNode, testOnTroubled, type Trouble } from "./fixtures/troubledLease.js"

const { start } = DistributedProcessing

const isSlow: Trouble = (operation) => Effect.delay(operation, "5 seconds")

describe("a deployment that is not yet known", () => {
  testOnTroubled(
    "is not announced, and never is where it is refused",
    ({ lease, runs }) =>
      Effect.gen(function* () {
        const announced = (deployment: string) =>
          Effect.map(lease.service.runners(deployment, silence), (_) => _.length)
        yield* lease.service.register("set", 2)
        yield* start("another set", [lasting([])])
        yield* untilEffect(Effect.map(announced("another set"), (count) => count === 1))
        lease.begin(isSlow, ["register"])
        const starting = yield* Effect.fork(start("set", [lasting(runs)]))
        for (const _ of Array.from({ length: 8 })) {
          yield* TestClock.adjust("1 second")
          expect([yield* announced("set"), yield* announced("another set")]).toEqual([0, 1])
        }
        expect(yield* Effect.flip(outcomeOf(starting))).toBeInstanceOf(Lease.DeploymentMismatch)
        expect(runs).toEqual([])
      }),
    inCluster
  )

  for (const [where, host] of [
    ["on this node", onThisNode],
    ["in a cluster", inCluster]
  ] as const) {
    testOnTroubled(
      `has its name already, ${where}: of two that start at once one is refused`,
      ({ lease, runs }) =>
        Effect.gen(function* () {
          lease.begin(isSlow, ["register"])
          const one = Effect.exit(start("set", [lasting(runs)]))
          const exits = yield* answered(Effect.all([one, one], { concurrency: "unbounded" }))
          expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
          expect(exits.find(Exit.isFailure)).toEqual(Exit.fail(new Lease.DeploymentExists({ deployment: "set" })))
        }),
      host
    )
  }
})

describe("a runner whose lease takes long to say what there is to do", () => {
  testOnTroubled(
    "goes on saying that it lives",
    ({ lease, runs }) =>
      Effect.gen(function* () {
        yield* start("set", [lasting(runs)])
        yield* until(() => runs.length === 1)
        lease.begin(hangs, ["list"])
        for (const _ of Array.from({ length: 80 })) {
          yield* TestClock.adjust("250 millis")
          expect(yield* lease.service.runners("set", Duration.seconds(2))).toHaveLength(1)
        }
        lease.end()
      }),
    inCluster
  )
})
