/** The part of `DistributedProcessingSuite` about deployments that get another shape while they run. */
import { expect } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber } from "effect"
import * as Deployment from "../../Deployment.js"
import * as Processing from "../../DistributedProcessing.js"
import { ProcessLease } from "../../ProcessLease.js"
import { answered, until, watch } from "./patience.js"
import { alive, lasting, type ProcessingTest, type Run, start } from "./processRuns.js"

export const reshaping = (it: ProcessingTest): void => {
  it(
    "stops the processes of a shape that is registered no more, and runs them again when it is registered again",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const slow = lasting(runs, Effect.sleep("1 second"))
      yield* start("set", [slow, slow])
      yield* until(() => alive(runs).length === 2)
      const reshaped = yield* answered(Deployment.reshape("set", { processes: 3 }))
      expect(reshaped).toEqual({ from: shape(2), to: shape(3), running: true })
      expect(alive(runs)).toEqual([])
      yield* watch("20 seconds")
      expect(runs).toHaveLength(2)
      yield* answered(Deployment.reshape("set", { processes: 2 }))
      yield* until(() => alive(runs).length === 2)
      expect(runs).toHaveLength(4)
      expect(runs[2]?.fence.epoch).toBeGreaterThan(1)
    })
  )

  it(
    "lets a node wait whose shape is not registered yet, if it says so, and then runs its processes",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      yield* Effect.flatMap(ProcessLease, (lease) => lease.register("set", 2, "old"))
      const killSwitch = yield* start(
        "set",
        Array.from({ length: 3 }, () => lasting(runs)),
        { fingerprint: "new", onMismatch: "wait" }
      )
      yield* watch("20 seconds")
      expect(runs).toEqual([])
      yield* answered(Deployment.reshape("set", { processes: 3, fingerprint: "new" }))
      yield* until(() => alive(runs).length === 3)
      expect(runs.map(({ fence }) => fence.index).toSorted()).toEqual([0, 1, 2])
      yield* answered(killSwitch.shutdown)
      yield* answered(Deployment.reshape("set", { processes: 3, fingerprint: "newer" }))
      expect(yield* answered(Deployment.reshape("set", { processes: 3, fingerprint: "new" }))).toMatchObject({
        running: false
      })
      yield* watch("20 seconds")
      expect(alive(runs)).toEqual([])
      yield* answered(killSwitch.resume)
      yield* until(() => alive(runs).length === 3)
    })
  )

  it(
    "does what is asked while nothing of the deployment runs, and goes on as before where that fails",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const lease = yield* ProcessLease
      yield* start("set", [lasting(runs), lasting(runs)])
      yield* until(() => alive(runs).length === 2)
      const seen: Array<number> = []
      const whileStopped = (fails: boolean) =>
        Deployment.reshape("set", {
          processes: 3,
          whileStopped: (fence) =>
            Effect.gen(function* () {
              yield* lease.check(fence)
              seen.push(alive(runs).length)
              if (fails) return yield* Effect.fail("not now" as const)
            })
        })
      expect(yield* answered(Effect.flip(whileStopped(true)))).toBe("not now")
      yield* until(() => alive(runs).length === 2)
      yield* answered(whileStopped(false))
      expect(alive(runs)).toEqual([])
      expect(seen).toEqual([0, 0])
    })
  )

  it(
    "does what is asked between the runs of the same processes; those that were stopped stay stopped, also after a failure",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const lease = yield* ProcessLease
      const killSwitch = yield* start("set", [lasting(runs), lasting(runs)])
      yield* until(() => alive(runs).length === 2)
      yield* answered(killSwitch.process(1).stop)
      const seen: Array<number> = []
      const repair = (fails: boolean) =>
        Deployment.whileStopped("set", (fence) =>
          Effect.gen(function* () {
            yield* lease.check(fence)
            seen.push(alive(runs).length)
            return fails ? yield* Effect.fail("not now" as const) : "done"
          })
        )
      const first = runs.find((run) => run.fence.index === 0)
      expect(yield* answered(repair(false))).toBe("done")
      yield* until(() => alive(runs).length === 1)
      expect(first && (yield* Effect.flip(lease.check(first.fence)))._tag).toBe("Fenced")
      expect(yield* answered(Effect.flip(repair(true)))).toBe("not now")
      yield* until(() => alive(runs).length === 1)
      expect(alive(runs).map(({ fence }) => fence.index)).toEqual([0])
      expect((yield* lease.list("set")).map(({ desired }) => desired)).toEqual([true, false])
      expect(seen).toEqual([0, 0])
      yield* answered(killSwitch.process(1).resume)
      yield* until(() => alive(runs).length === 2)
      const elsewhere = yield* Effect.flip(Deployment.whileStopped("no such set", () => Effect.void))
      expect(elsewhere).toMatchObject({ _tag: "UnknownDeployment", deployment: "no such set" })
    })
  )

  it(
    "runs nothing that is resumed or restarted before it is done with a deployment that stands still",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const lease = yield* ProcessLease
      const killSwitch = yield* start("set", [lasting(runs), lasting(runs), lasting(runs)])
      yield* until(() => alive(runs).length === 3)
      yield* answered(killSwitch.process(2).stop)
      const [isStill, isDone] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const repair = yield* Effect.fork(
        Deployment.whileStopped("set", (fence) =>
          Effect.zipRight(
            Deferred.succeed(isStill, undefined),
            Effect.zipRight(Deferred.await(isDone), lease.check(fence))
          )
        )
      )
      yield* answered(Deferred.await(isStill))
      const [all, restarted, resumed] = [
        yield* Effect.fork(killSwitch.resume),
        yield* Effect.fork(killSwitch.process(0).restart),
        yield* Effect.fork(killSwitch.process(2).resume)
      ]
      yield* watch("10 seconds")
      expect(alive(runs)).toEqual([])
      expect(runs).toHaveLength(3)
      expect((yield* Processing.status("set")).map((_) => [_.actual, _.suspended])).toEqual(
        Array.from({ length: 3 }, () => ["Stopped", true])
      )
      yield* Deferred.succeed(isDone, undefined)
      yield* answered(Fiber.join(repair))
      yield* answered(Effect.forEach([all, restarted, resumed], Fiber.join))
      yield* until(() => alive(runs).length === 3)
      expect(runs).toHaveLength(6)
    })
  )

  it(
    "fences what does not stop in time, and goes on where an earlier attempt was given up",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const lease = yield* ProcessLease
      const slow = lasting(runs, Effect.sleep("4 seconds"))
      yield* start("set", [slow], { shutdownTimeout: "8 seconds" })
      yield* until(() => alive(runs).length === 1)
      const fence = runs[0]?.fence
      if (fence === undefined) return
      // what a command leaves behind that was killed in between
      yield* lease.suspend("set")
      yield* lease.seize("set")
      const since = yield* Clock.currentTimeMillis
      yield* answered(Deployment.reshape("set", { processes: 1 }))
      yield* until(() => runs.length === 2 && alive(runs).length === 1)
      yield* answered(Deployment.reshape("set", { processes: 2, patience: "1 second" }))
      expect((yield* Clock.currentTimeMillis) - since).toBeGreaterThanOrEqual(1000)
      expect((yield* Effect.flip(lease.check(runs[1]?.fence ?? fence)))._tag).toBe("Fenced")
      yield* until(() => alive(runs).length === 0)
    })
  )

  it(
    "says that a deployment is not known",
    Effect.gen(function* () {
      const error = yield* Effect.flip(Deployment.reshape("no such set", { processes: 3 }))
      expect(error).toMatchObject({ _tag: "UnknownDeployment", deployment: "no such set" })
    })
  )
}

const shape = (processes: number) => ({ processes, fingerprint: "" })
