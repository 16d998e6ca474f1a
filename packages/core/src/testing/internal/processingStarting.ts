/** The part of `DistributedProcessingSuite` about starts: once each, again after every end, with backoff. */
import { expect } from "@effect/vitest"
import { Context, type Duration, Effect, Exit, Layer, Option, Schedule, Scope } from "effect"
import { deploy, type Settings, status } from "../../DistributedProcessing.js"
import { DeploymentExists, DeploymentMismatch, type ProcessRow } from "../../Lease.js"
import * as Process from "../../Process.js"
import { byClock, timed, until, untilEffect, watch } from "./patience.js"
import { alive, expectAbout, expectBetween, lasting, pauses, type ProcessingTest } from "./processRuns.js"
import { recorded, recordedStart, restarts, type Run, start } from "./processRuns.js"

export const starting = (it: ProcessingTest): void => {
  it(
    "starts every process once, and tells it which it is",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      yield* start("set", [lasting(runs), lasting(runs), lasting(runs)])
      yield* until(() => runs.length === 3)
      yield* watch("30 seconds")
      expect(runs.map((_) => _.fence.index).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
      expect(alive(runs)).toHaveLength(3)
      for (const { fence } of runs) {
        expect(fence).toMatchObject({ deployment: "set", epoch: expect.any(Number), token: expect.any(String) })
        expect(fence.runner).not.toBe("")
      }
    })
  )

  it(
    "runs a process with the services of its deployment, as a layer does",
    Effect.gen(function* () {
      class Greeting extends Context.Tag("Greeting")<Greeting, string>() {}
      const heard: Array<string> = []
      const process = Process.fromEffect(
        Effect.zipRight(
          Effect.map(Greeting, (_) => heard.push(_)),
          Effect.never
        )
      )
      yield* Layer.build(deploy("set", [process])).pipe(Effect.provideService(Greeting, "hello"))
      yield* until(() => heard.length > 0)
      expect(heard).toEqual(["hello"])
    })
  )

  for (const [how, make] of endings) {
    it(
      `starts a process again ${how}, under a new epoch, later each time up to 10 seconds`,
      Effect.gen(function* () {
        const runs: Array<Run> = []
        const { backoff, pauses: expected } = yield* restarts
        yield* start("set", [make(runs)], { backoff })
        yield* until(() => runs.length === 5)
        const found = pauses(runs)
        for (const [n, pause] of expected.entries()) yield* expectAbout(found[n], pause)
        const epochs = runs.map((_) => _.fence.epoch)
        expect(epochs).toEqual([...new Set(epochs)].toSorted((a, b) => a - b))
        expect(new Set(runs.map((_) => _.fence.token)).size).toBe(5)
      })
    )
  }

  it(
    "counts the ends anew after a healthy run, and not before",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const { backoff, expected, lengths } = yield* anew
      yield* start("set", [recorded(runs, (n) => Effect.sleep(lengths[n - 1] ?? 0))], { backoff })
      yield* until(() => runs.length === 7)
      const found = pauses(runs).slice(3)
      for (const [n, pause] of expected.entries()) yield* expectAbout(found[n], pause)
    })
  )

  it(
    "waits as the deployment's settings say",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const resetAfter = yield* byClock({ test: "20 seconds", live: "5 seconds" } as const)
      const backoff = { min: "1 second", max: "3 seconds", jitter: 0, resetAfter } as const
      yield* start("set", [recorded(runs, (n) => Effect.sleep(n === 4 ? resetAfter : 0))], { backoff })
      yield* until(() => runs.length === 6)
      const found = pauses(runs)
      for (const [n, pause] of [1000, 2000, 3000, 1000, 2000].entries()) yield* expectBetween(found[n], pause, pause)
    })
  )

  it(
    "waits as a schedule of the deployment says",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const schedule = Schedule.linear("1 second")
      yield* start("set", [recorded(runs, () => Effect.fail("broken"))], { backoff: { schedule } })
      yield* until(() => runs.length === 4)
      const found = pauses(runs)
      for (const [n, pause] of [1000, 2000, 3000].entries()) yield* expectBetween(found[n], pause, pause)
    })
  )

  it(
    "does not let a process suffer from another's failures",
    Effect.gen(function* () {
      const [good, bad]: [Array<Run>, Array<Run>] = [[], []]
      const { backoff } = yield* restarts
      yield* start("set", [lasting(good), recorded(bad, () => Effect.fail("broken"))], { backoff })
      yield* until(() => bad.length === 3)
      expect(good).toHaveLength(1)
      expect(alive(good)).toHaveLength(1)
    })
  )

  it(
    "refuses a name that this node has started already, until the first deployment has ended",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const scope = yield* Scope.make()
      yield* Scope.extend(start("set", [lasting(runs)]), scope)
      const error = yield* Effect.flip(start("set", [lasting(runs)]))
      expect(error).toBeInstanceOf(DeploymentExists)
      expect(error).toMatchObject({ deployment: "set" })
      yield* start("another set", [lasting([])])
      yield* until(() => alive(runs).length === 1)
      yield* closed(scope)
      yield* start("set", [lasting(runs)])
      yield* until(() => alive(runs).length === 1)
      expect(runs).toHaveLength(2)
    })
  )

  it(
    "refuses another number of processes than the cluster knows",
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Scope.extend(start("set", [lasting([]), lasting([])]), scope)
      yield* closed(scope)
      const error = yield* Effect.flip(Effect.scoped(start("set", [lasting([])])))
      expect(error).toBeInstanceOf(DeploymentMismatch)
      expect(error).toMatchObject({ deployment: "set", processes: 1, registered: 2 })
      yield* start("set", [lasting([]), lasting([])])
    })
  )

  it(
    "tells of every process its state, how often it was started, and what it failed of",
    Effect.gen(function* () {
      const [good, bad]: [Array<Run>, Array<Run>] = [[], []]
      expect(yield* status("set")).toEqual([])
      yield* start("set", [lasting(good), recorded(bad, () => Effect.fail("the disk is full"))])
      yield* until(() => good.length === 1 && bad.length === 1)
      yield* untilEffect(Effect.map(status("set"), ([row, other]) => row?.starts === 1 && isInBackoff(other)))
      const [first, second] = yield* status("set")
      expect(first).toMatchObject({ deployment: "set", index: 0, state: Option.some("Running"), starts: 1 })
      expect(first).toMatchObject({ desired: true, epoch: good[0]?.fence.epoch, lastError: Option.none() })
      expect(first?.runner).toEqual(Option.some(good[0]?.fence.runner))
      expect(second).toMatchObject({ index: 1, state: Option.some("Backoff"), starts: 1 })
      expect(Option.getOrNull(second?.lastError ?? Option.none())).toContain("the disk is full")
      yield* until(() => bad.length === 3)
      const told = untilEffect(Effect.map(status("set"), ([, row]) => row?.starts === 3 && isInBackoff(row)))
      yield* expectBetween(yield* told, 0, 2000)
      const [, later] = yield* status("set")
      expect(later).toMatchObject({ starts: 3, epoch: bad[2]?.fence.epoch, state: Option.some("Backoff") })
      yield* expectBetween(Option.getOrThrow(later?.sinceBeat ?? Option.none()), 0, 2999)
    })
  )
}

/** Closes a deployment's scope while the clock goes on. */
export const closed = (scope: Scope.CloseableScope) => timed(Scope.close(scope, Exit.void))

const isInBackoff = (row: ProcessRow | undefined) => row !== undefined && Option.contains(row.state, "Backoff")

interface Anew {
  readonly lengths: ReadonlyArray<Duration.DurationInput>
  readonly backoff: NonNullable<Settings["backoff"]>
  readonly expected: ReadonlyArray<number>
}

/** Runs of which the fifth is healthy, and the pauses after the fourth and later. */
const anew = byClock<Anew>({
  test: {
    lengths: [0, 0, 0, "19 seconds", "21 seconds"],
    backoff: { resetAfter: "20 seconds" },
    expected: [10_000, 3000, 6000]
  },
  // by the first pause a second can be told that is as late as it may be
  live: {
    lengths: [0, 0, 0, "1 second", "4 seconds"],
    backoff: { min: "600 millis", max: "4800 millis", resetAfter: "3500 millis" },
    expected: [4800, 600, 1200]
  }
})

/** Every way in which a process may end by itself. */
const endings = [
  ["when it fails", (runs: Array<Run>) => recorded(runs, () => Effect.fail("broken"))],
  ["when it dies", (runs: Array<Run>) => recorded(runs, () => Effect.dieMessage("broken"))],
  ["when it is interrupted from within", (runs: Array<Run>) => recorded(runs, () => Effect.interrupt)],
  ["when it completes", (runs: Array<Run>) => recorded(runs, () => Effect.void)],
  ["when its start fails", (runs: Array<Run>) => recordedStart(runs, () => Effect.fail("broken"))],
  ["when its start dies", (runs: Array<Run>) => recordedStart(runs, () => Effect.dieMessage("broken"))]
] as const
