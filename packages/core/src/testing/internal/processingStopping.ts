/** The part of `DistributedProcessingSuite` about stops: the kill switch, the end of a deployment, what hangs. */
import { expect } from "@effect/vitest"
import { Effect, Option, Scope } from "effect"
import { status } from "../../DistributedProcessing.js"
import { Fenced } from "../../ProcessContext.js"
import { ProcessLease } from "../../ProcessLease.js"
import { silence } from "./leases.js"
import { answered, timed, until, watch } from "./patience.js"
import { closed } from "./processingStarting.js"
import {
  alive,
  expectBetween,
  lasting,
  type ProcessingTest,
  recorded,
  recordedStart,
  type Run,
  start,
  withHanging
} from "./processRuns.js"

export const stopping = (it: ProcessingTest): void => {
  it(
    "stops every process when the kill switch says so, and waits for their finalizers",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const others: Array<Run> = []
      const slow = lasting(runs, Effect.sleep("2 seconds"))
      const killSwitch = yield* start("set", [slow, slow, slow])
      yield* start("another set", [lasting(others)])
      yield* until(() => runs.length === 3 && others.length === 1)
      const took = yield* timed(killSwitch.shutdown)
      expect(alive(runs)).toEqual([])
      yield* expectBetween(took, 2000, 3999)
      expect((yield* status("set")).map((_) => [_.desired, _.runner])).toEqual(runs.map(() => [false, Option.none()]))
      expect(alive(others)).toHaveLength(1)
    })
  )

  it(
    "refuses what a process that has stopped sent before: it may be under way still",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const runs: Array<Run> = []
      const killSwitch = yield* start("set", [lasting(runs), lasting(runs)])
      yield* until(() => runs.length === 2)
      yield* answered(killSwitch.process(0).stop)
      for (const { fence } of runs) {
        expect(yield* Effect.isSuccess(lease.check(fence))).toBe(fence.index === 1)
      }
      yield* answered(killSwitch.shutdown)
      for (const { fence } of runs) expect(yield* Effect.flip(lease.check(fence))).toBeInstanceOf(Fenced)
    })
  )

  it(
    "stays stopped, also when the deployment is started anew, until it is resumed",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const scope = yield* Scope.make()
      const first = yield* Scope.extend(start("set", [lasting(runs), lasting(runs)]), scope)
      yield* until(() => runs.length === 2)
      yield* answered(first.shutdown)
      yield* watch("15 seconds")
      expect(runs).toHaveLength(2)
      yield* closed(scope)
      const second = yield* start("set", [lasting(runs), lasting(runs)])
      yield* watch("15 seconds")
      expect(runs).toHaveLength(2)
      yield* answered(second.resume)
      yield* until(() => alive(runs).length === 2)
      expect(runs).toHaveLength(4)
      for (const { fence } of alive(runs)) {
        const before = runs.find((_) => _.fence.index === fence.index)
        expect(fence.epoch).toBeGreaterThan(before?.fence.epoch ?? Number.NaN)
      }
    })
  )

  it(
    "can be stopped and resumed again and again, and a second wish of the same changes nothing",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const killSwitch = yield* start("set", [lasting(runs)])
      for (const times of [1, 2, 3]) {
        yield* until(() => alive(runs).length === 1)
        yield* answered(killSwitch.resume)
        yield* watch("10 seconds")
        expect(runs).toHaveLength(times)
        yield* answered(killSwitch.shutdown)
        yield* answered(killSwitch.shutdown)
        expect(alive(runs)).toEqual([])
        yield* answered(killSwitch.resume)
      }
    })
  )

  it(
    "stops a process that waits to be started again",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const killSwitch = yield* start("set", [recorded(runs, () => Effect.fail("broken"))])
      yield* until(() => runs.length === 1)
      yield* answered(killSwitch.shutdown)
      yield* watch("15 seconds")
      expect(runs).toHaveLength(1)
    })
  )

  it(
    "stops its processes when the deployment's scope closes, and leaves them to others at once",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const runs: Array<Run> = []
      const scope = yield* Scope.make()
      const slow = lasting(runs, Effect.sleep("2 seconds"))
      yield* Scope.extend(start("set", [slow, slow, slow]), scope)
      yield* until(() => runs.length === 3)
      const took = yield* closed(scope)
      expect(alive(runs)).toEqual([])
      yield* expectBetween(took, 2000, 3999)
      for (const { deployment, desired, generation, index } of yield* lease.list("set")) {
        expect(desired).toBe(true)
        const claim = yield* lease.claim({ deployment, index, generation }, "another node", silence)
        expect(claim._tag).toBe("Claimed")
      }
    })
  )

  for (const [what, make] of stubborn) {
    it(
      `abandons a process ${what} after the shutdown timeout, and fences it`,
      withHanging((hanging, letGo) =>
        Effect.gen(function* () {
          const lease = yield* ProcessLease
          const runs: Array<Run> = []
          const processes = [make(runs, hanging), make(runs, hanging)]
          const killSwitch = yield* start("set", processes, { shutdownTimeout: "4 seconds" })
          yield* until(() => runs.length === 2)
          const took = yield* timed(killSwitch.shutdown)
          yield* expectBetween(took, 4000, 6999)
          expect(alive(runs)).toHaveLength(2)
          for (const { fence } of runs) expect(yield* Effect.flip(lease.check(fence))).toBeInstanceOf(Fenced)
          yield* letGo
          yield* until(() => alive(runs).length === 0)
        })
      )
    )
  }

  it(
    "releases what the start of a process has acquired, when the process has stopped",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const aliveAtRelease: Array<number> = []
      const noting = Effect.addFinalizer(() => Effect.sync(() => aliveAtRelease.push(alive(runs).length)))
      const killSwitch = yield* start("set", [Effect.zipRight(noting, lasting(runs))])
      yield* until(() => runs.length === 1)
      yield* answered(killSwitch.shutdown)
      expect(aliveAtRelease).toEqual([0])
    })
  )

  it(
    "interrupts a process whose own shutdown hangs, after the shutdown timeout, and then it has stopped",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const deaf = Effect.map(lasting(runs, Effect.sleep("500 millis")), (running) => ({
        ...running,
        shutdown: Effect.never
      }))
      const killSwitch = yield* start("set", [deaf], { shutdownTimeout: "2 seconds" })
      yield* until(() => runs.length === 1)
      const took = yield* timed(killSwitch.shutdown)
      yield* expectBetween(took, 2500, 3999)
      expect(alive(runs)).toEqual([])
    })
  )

  it(
    "starts a process again, under a new epoch, that hangs after its failure",
    withHanging((hanging) =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease
        const runs: Array<Run> = []
        const failing = recordedStart(runs, (n) =>
          n === 1
            ? Effect.zipRight(
                Effect.addFinalizer(() => hanging),
                Effect.fail("broken")
              )
            : Effect.never
        )
        yield* start("set", [failing])
        yield* until(() => runs.length === 2)
        const [first, second] = runs.map((_) => _.fence)
        if (first === undefined || second === undefined) return
        expect(yield* Effect.flip(lease.check(first))).toBeInstanceOf(Fenced)
        yield* lease.check(second)
      })
    )
  )
}

/** Processes that do not stop when they are asked. */
const stubborn = [
  ["whose finalizer hangs", (runs: Array<Run>, end: Effect.Effect<void>) => lasting(runs, end)],
  [
    "that cannot be interrupted",
    (runs: Array<Run>, end: Effect.Effect<void>) => recorded(runs, () => Effect.uninterruptible(end))
  ],
  [
    "whose start hangs",
    (runs: Array<Run>, end: Effect.Effect<void>) =>
      recordedStart(runs, () => Effect.uninterruptible(Effect.zipRight(end, Effect.interrupt)))
  ]
] as const
