// Many processes at once, on a lease and a network that serve a few at a time.
import { DistributedProcessing } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"
import * as Coordinate from "../src/internal/coordinate.js"
import { resolve } from "../src/internal/deploymentSettings.js"
import { onLayer, until } from "../src/testing/internal/patience.js"
import { alive, lasting } from "../src/testing/internal/processRuns.js"
import { newLease, testOnTroubled, type Trouble } from "./fixtures/troubledLease.js"

const many = 100

testOnTroubled("a node starts many processes once each: its beats do not stand in line behind their claims", (given) =>
  Effect.gen(function* () {
    const connections = Effect.unsafeMakeSemaphore(4)
    const slow: Trouble = (operation) => connections.withPermits(1)(Effect.delay(operation, "150 millis"))
    given.lease.begin(slow, ["claim", "beat"])
    yield* DistributedProcessing.start(
      "set",
      Array.from({ length: many }, () => lasting(given.runs))
    )
    yield* until(() => alive(given.runs).length === many)
    yield* TestClock.adjust("4 seconds")
    expect(given.runs).toHaveLength(many)
    expect(alive(given.runs)).toHaveLength(many)
  })
)

it.effect("a coordinator sends many processes a few at a time", () =>
  onLayer(
    Effect.gen(function* () {
      const lease = yield* newLease
      yield* lease.register("set", many)
      const sent = new Set<number>()
      let sending = 0
      let most = 0
      const coordinator = Coordinate.make({
        self: "coordinator",
        lease,
        client: {
          run: ({ index }) =>
            Effect.gen(function* () {
              most = Math.max(most, ++sending)
              yield* Effect.sleep("100 millis")
              sending -= 1
              sent.add(index)
            }),
          stop: () => Effect.void,
          holds: () => Effect.succeed(false),
          ping: () => Effect.void
        },
        deployment: { name: "set", processes: [], settings: resolve({}) },
        scope: yield* Effect.scope
      })
      for (const _ of Array.from({ length: 6 })) {
        yield* lease.announce("runner", [{ deployment: "set" }])
        yield* coordinator.pass(false)
        yield* TestClock.adjust("1 second")
      }
      expect(sent.size).toBe(many)
      expect(most).toBeLessThan(50)
    }),
    Layer.empty
  )
)
