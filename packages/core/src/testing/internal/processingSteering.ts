/** The part of `DistributedProcessingSuite` about single processes: stopped, resumed, started anew and moved. */
import { expect } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { killSwitch, status } from "../../DistributedProcessing.js"
import { NotDone, UnknownProcess, UnknownRunner } from "../../KillSwitch.js"
import { ProcessLease } from "../../ProcessLease.js"
import { answered, begun, outcomeOf, timed, until, watch } from "./patience.js"
import { alive, expectBetween, lasting, type ProcessingTest, type Run, start } from "./processRuns.js"

export const steering = (it: ProcessingTest): void => {
  it(
    "stops one process and waits for its finalizers; it stays stopped, and the others run on, until it is resumed",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const slow = lasting(runs, Effect.sleep("2 seconds"))
      yield* start("set", [slow, slow, slow])
      yield* until(() => runs.length === 3)
      const one = (yield* killSwitch("set")).process(1)
      const took = yield* timed(one.stop)
      expect(running(runs)).toEqual([0, 2])
      yield* expectBetween(took, 2000, 3999)
      expect((yield* status("set")).map((_) => _.desired)).toEqual([true, false, true])
      yield* watch("15 seconds")
      yield* answered(one.stop)
      expect(runs).toHaveLength(3)
      yield* answered(one.resume)
      expect(running(runs)).toEqual([0, 1, 2])
      expect(runs).toHaveLength(4)
      yield* answered(one.resume)
      yield* watch("10 seconds")
      expect(runs).toHaveLength(4)
    })
  )

  it(
    "says that a deployment is resumed when all of it runs",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const all = yield* start("set", [lasting(runs), lasting(runs), lasting(runs)])
      yield* answered(all.shutdown)
      expect(alive(runs)).toEqual([])
      const before = runs.length
      yield* answered(all.resume)
      expect(running(runs)).toEqual([0, 1, 2])
      expect(runs).toHaveLength(before + 3)
    })
  )

  it(
    "starts one process anew when its run has stopped, or when it was stopped before, and says so when it runs",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const slow = lasting(runs, Effect.sleep("2 seconds"))
      yield* start("set", [slow, slow])
      yield* until(() => runs.length === 2)
      const one = (yield* killSwitch("set")).process(0)
      const of = () => runs.filter((_) => _.fence.index === 0)
      yield* answered(one.restart)
      const [first, second] = of()
      expect(of()).toHaveLength(2)
      expect(first?.endedAt).toBeLessThanOrEqual(second?.startedAt ?? Number.NaN)
      expect(second?.fence.epoch).toBeGreaterThan(first?.fence.epoch ?? Number.NaN)
      expect(running(runs)).toEqual([0, 1])
      yield* answered(one.stop)
      yield* answered(one.restart)
      expect(of()).toHaveLength(3)
      expect(running(runs)).toEqual([0, 1])
      expect(runs).toHaveLength(4)
    })
  )

  it(
    "pins a process to its node, and frees it, without touching its run",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      yield* start("set", [lasting(runs)])
      yield* until(() => runs.length === 1)
      const node = runs[0]?.fence.runner ?? ""
      const one = (yield* killSwitch("set")).process(0)
      const pinned = Effect.map(status("set"), (rows) => rows.map((_) => _.pinned))
      yield* answered(one.moveTo(node))
      expect(yield* pinned).toEqual([Option.some(node)])
      yield* answered(one.free)
      expect(yield* pinned).toEqual([Option.none()])
      yield* watch("10 seconds")
      expect(runs).toHaveLength(1)
      expect(alive(runs)).toHaveLength(1)
    })
  )

  it(
    "refuses wishes about what it does not know, and says what it does know",
    Effect.gen(function* () {
      yield* start("set", [lasting([]), lasting([])])
      const third = (yield* killSwitch("set")).process(2)
      for (const wish of [third.stop, third.resume, third.restart, third.moveTo("nobody"), third.free]) {
        const error = yield* Effect.flip(answered(wish))
        expect(error).toBeInstanceOf(UnknownProcess)
        expect(error).toMatchObject({ deployment: "set", index: 2, processes: 2 })
      }
      const other = yield* killSwitch("sett")
      for (const wish of [other.shutdown, other.resume, other.process(0).stop]) {
        const error = yield* Effect.flip(answered(wish))
        expect(error).toBeInstanceOf(UnknownProcess)
        expect(error.message).toContain("no deployment sett ")
      }
      const error = yield* Effect.flip(answered((yield* killSwitch("set")).process(0).moveTo("nobody")))
      expect(error).toBeInstanceOf(UnknownRunner)
      expect(error).toMatchObject({ deployment: "set", runner: "nobody" })
      expect((yield* status("set")).map((_) => [_.desired, _.pinned])).toEqual([
        [true, Option.none()],
        [true, Option.none()]
      ])
    })
  )

  it(
    "does not say that something runs that somebody else has stopped since",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      yield* lease.register("set", 2)
      yield* lease.stop("set")
      // nobody hosts it, so that it has to wait
      const resuming = yield* begun((yield* killSwitch("set")).resume)
      expect(Option.isNone(yield* Fiber.poll(resuming))).toBe(true)
      yield* lease.stop("set", 1)
      const error = yield* Effect.flip(outcomeOf(resuming))
      expect(error).toBeInstanceOf(NotDone)
      expect(error).toMatchObject({ deployment: "set", wish: "resume", pending: [{ index: 0 }, { index: 1 }] })
    })
  )
}

/** The processes that run, by index. */
const running = (runs: ReadonlyArray<Run>) =>
  alive(runs)
    .map((_) => _.fence.index)
    .toSorted((a, b) => a - b)
