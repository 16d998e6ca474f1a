// Wishes about processes on leases in memory, where messages are lost, nodes are silent, and nobody does what is wished.
import { DistributedProcessing, type KillSwitch, Lease, ProcessContext } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option, type Scope, TestClock } from "effect"
import { silence } from "../src/internal/deploymentSettings.js"
import * as Steer from "../src/internal/steer.js"
import { beatOf } from "../src/testing/internal/leases.js"
import { answered, begun, isPending, onLayer, outcomeOf, timed, until } from "../src/testing/internal/patience.js"
import { alive, lasting } from "../src/testing/internal/processRuns.js"
import { hangs, newLease, refuses, testOnTroubled, troubledOf } from "./fixtures/troubledLease.js"

describe("a stop", () => {
  test("is done by the next beat where no message arrives", ({ lease, owner, process }) =>
    Effect.gen(function* () {
      const fence = yield* owner("a")
      const stopping = yield* begun(process.stop)
      for (const _ of [1, 2, 3, 4]) {
        expect(yield* lease.beat([beatOf(fence, { state: "Stopping" })])).toEqual(["Superseded"])
        yield* TestClock.adjust("1 second")
      }
      expect(yield* isPending(stopping)).toBe(true)
      yield* lease.release(fence)
      yield* outcomeOf(stopping)
      // what it sent before may be under way still
      expect(yield* Effect.flip(lease.check(fence))).toBeInstanceOf(ProcessContext.Fenced)
    }))

  test("fences an owner that falls silent, and lets nobody wait for it any longer", ({ lease, owner, process }) =>
    Effect.gen(function* () {
      const fence = yield* owner("a")
      const took = yield* timed(process.stop)
      expect(took).toBeGreaterThan(3000)
      expect(took).toBeLessThan(4000)
      expect(yield* Effect.flip(lease.check(fence))).toBeInstanceOf(ProcessContext.Fenced)
    }))

  test("is done when another epoch has come about", ({ lease, owner, process }) =>
    Effect.gen(function* () {
      yield* owner("a")
      const stopping = yield* begun(process.stop)
      yield* lease.resume("set")
      const claim = yield* lease.claim({ deployment: "set", index: 0, generation: 1 }, "b", Duration.zero)
      if (claim._tag !== "Claimed") return yield* Effect.dieMessage(`the claim is ${claim._tag}`)
      for (const _ of [1, 2, 3, 4, 5]) {
        yield* lease.beat([beatOf(claim.fence, { generation: 1 })])
        yield* TestClock.adjust("1 second")
      }
      expect(yield* isPending(stopping)).toBe(false)
      yield* lease.check(claim.fence)
    }))

  test("of what nobody owns needs no look", ({ process, trouble }) =>
    Effect.gen(function* () {
      trouble.begin(refuses, ["list"])
      expect(yield* timed(process.stop)).toBe(0)
    }))

  test("bears a lease that does not answer for a moment, and says so when it is longer", ({
    lease,
    owner,
    process,
    trouble
  }) =>
    Effect.gen(function* () {
      yield* owner("a")
      const first = yield* begun(process.stop)
      trouble.begin(refuses, ["list"])
      yield* TestClock.adjust("1500 millis")
      trouble.end()
      yield* outcomeOf(first)
      yield* lease.resume("set")
      yield* owner("a", 1)
      const second = yield* begun(process.stop)
      trouble.begin(refuses, ["list"])
      expect(yield* Effect.flip(outcomeOf(second))).toBeInstanceOf(Lease.ProcessLeaseError)
    }))
})

describe("a wish for something to run", () => {
  for (const [wish, made] of [
    ["resume", (process: KillSwitch.ProcessSwitch) => process.resume],
    ["restart", (process: KillSwitch.ProcessSwitch) => process.restart],
    ["move", (process: KillSwitch.ProcessSwitch) => process.moveTo("b")]
  ] as const) {
    test(`stands, and is said not to be done after a minute, where nobody does it: ${wish}`, ({ lease, process }) =>
      Effect.gen(function* () {
        const waiting = yield* begun(made(process))
        yield* TestClock.adjust("58 seconds")
        expect(yield* isPending(waiting)).toBe(true)
        const error = yield* Effect.flip(outcomeOf(waiting))
        expect(error).toMatchObject({ _tag: "NotDone", wish, pending: [{ index: 0, actual: "Waiting" }] })
        expect(error.message).toContain("0 Waiting")
        expect(yield* lease.list("set")).toMatchObject([
          { desired: true, pinned: wish === "move" ? Option.some("b") : Option.none() }
        ])
      }))
  }

  test("is not done by the run that was there before", ({ lease, owner, process }) =>
    Effect.gen(function* () {
      const fence = yield* owner("a")
      const restarting = yield* begun(process.restart)
      for (const _ of [1, 2, 3]) {
        yield* lease.beat([beatOf(fence, { state: "Running" })])
        yield* TestClock.adjust("1 second")
      }
      expect(yield* isPending(restarting)).toBe(true)
      yield* lease.release(fence)
      yield* owner("a", 1)
      yield* outcomeOf(restarting)
    }))

  test("to move is not done while the process runs elsewhere", ({ lease, owner, process }) =>
    Effect.gen(function* () {
      const fence = yield* owner("a")
      const moving = yield* begun(process.moveTo("b"))
      yield* lease.beat([beatOf(fence, { state: "Running" })])
      yield* TestClock.adjust("1 second")
      expect(yield* isPending(moving)).toBe(true)
      yield* lease.release(fence)
      yield* owner("b")
      yield* outcomeOf(moving)
    }))

  test("to move a stopped process is done at once", ({ lease, process }) =>
    Effect.gen(function* () {
      yield* lease.stop("set")
      expect(yield* timed(process.moveTo("b"))).toBe(0)
      expect(yield* lease.list("set")).toMatchObject([{ desired: false, pinned: Option.some("b") }])
    }))
})

describe("a kill switch", () => {
  testOnTroubled("answers though the processes are slow, when the lease is away for a moment", ({ lease, runs }) =>
    Effect.gen(function* () {
      const slow = lasting(runs, Effect.sleep("4 seconds"))
      const killSwitch = yield* DistributedProcessing.start("set", [slow, slow])
      yield* until(() => runs.length === 2)
      const stopping = yield* begun(killSwitch.shutdown)
      lease.begin(hangs, ["list"])
      yield* TestClock.adjust("2 seconds")
      lease.end()
      yield* answered(outcomeOf(stopping))
      expect(alive(runs)).toEqual([])
    })
  )
})

interface Given {
  readonly lease: Lease.Operations
  readonly trouble: ReturnType<typeof troubledOf>
  readonly process: KillSwitch.ProcessSwitch
  /** Claims the process, as a runner would. */
  readonly owner: (runner: string, generation?: number) => Effect.Effect<ProcessContext.Fence, unknown>
}

/** Registers a test with one process, of which no message reaches anybody; `a` and `b` may host it. */
function test<E>(sentence: string, body: (given: Given) => Effect.Effect<void, E, Scope.Scope>) {
  it.effect(sentence, () =>
    onLayer(
      Effect.gen(function* () {
        const lease = yield* newLease
        yield* lease.register("set", 1)
        const trouble = troubledOf(lease)
        const options = { lease: trouble.service, stop: () => Effect.never, runners: () => Effect.succeed(["a", "b"]) }
        const owner: Given["owner"] = (runner, generation = 0) =>
          Effect.flatMap(lease.claim({ deployment: "set", index: 0, generation }, runner, silence), (claim) =>
            claim._tag === "Claimed" ? Effect.succeed(claim.fence) : Effect.dieMessage(`the claim is ${claim._tag}`)
          )
        yield* body({ lease, trouble, owner, process: Steer.make(options, "set").process(0) })
      }),
      Layer.empty
    )
  )
}
