/** The part of `DistributedProcessingSuite` about what is seen: the state of processes, its changes, and health. */
import { expect } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { changes, health, status } from "../../DistributedProcessing.js"
import { ProcessLease } from "../../ProcessLease.js"
import type { ProcessStatus } from "../../ProcessStatus.js"
import { claimed } from "./leases.js"
import { answered, begun, pass, until, untilEffect } from "./patience.js"
import { expectBetween, lasting, type ProcessingTest, recorded, type Run, start, withHanging } from "./processRuns.js"

export const seeing = (it: ProcessingTest): void => {
  it(
    "tells what each process does, and since when",
    withHanging((hanging, letGo) =>
      Effect.gen(function* () {
        const [good, bad, slow]: [Array<Run>, Array<Run>, Array<Run>] = [[], [], []]
        const broken = recorded(bad, () => Effect.fail("broken"))
        const { process } = yield* start("set", [lasting(good), broken, lasting(slow, hanging)])
        yield* until(() => good.length === 1 && bad.length === 1 && slow.length === 1)
        const stopping = yield* begun(process(2).stop)
        yield* untilEffect(Effect.map(status("set"), ([_, __, third]) => third?.actual === "Stopping"))
        const [first, second, third] = yield* status("set")
        expect(first).toMatchObject({ actual: "Running", desired: true })
        expect(first?.since).toBeGreaterThanOrEqual(900)
        expect(second).toMatchObject({ actual: "Backoff", desired: true })
        expect(third).toMatchObject({ actual: "Stopping", desired: false })
        yield* letGo
        yield* until(() => stopping.unsafePoll() !== null)
        const [, , stopped] = yield* status("set")
        expect(stopped).toMatchObject({ actual: "Stopped", runner: Option.none() })
        yield* expectBetween(stopped?.since, 0, 2999)
      })
    )
  )

  it(
    "tells of a process that nobody runs, and of one whose node is silent",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      yield* lease.register("set", 2)
      yield* claimed({ deployment: "set", index: 1, generation: 0 }, "gone")
      yield* pass("4 seconds")
      const rows = yield* status("set")
      expect(rows.map((_) => _.actual)).toEqual(["Waiting", "Silent"])
      for (const { since } of rows) expect(since).toBeGreaterThanOrEqual(3900)
    })
  )

  it(
    "gives the processes as they are, and then what is different, to all who subscribe",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const { process } = yield* start("set", [lasting(runs), lasting(runs)])
      yield* until(() => runs.length === 2)
      yield* pass("2 seconds")
      const one = yield* subscribed("set")
      const other = yield* subscribed("set")
      yield* until(() => one.length >= 2 && other.length >= 2)
      expect(one.map(told).slice(0, 2)).toEqual(["0 Running", "1 Running"])
      yield* pass("3 seconds")
      yield* expectBetween(one.length, 2, 2)
      yield* answered(process(1).stop)
      for (const seen of [one, other]) {
        yield* until(() => seen.some((_) => told(_) === "1 Stopped"))
        expect(courseOf(seen, 0)).toEqual(["Running"])
      }
      yield* answered(process(1).resume)
      yield* until(() => courseOf(one, 1).at(-1) === "Running")
      const late = yield* subscribed("set")
      yield* until(() => late.length >= 2)
      expect(late.map(told).slice(0, 2)).toEqual(["0 Running", "1 Running"])
    })
  )

  it(
    "goes on giving how the processes are to whoever has slept through what they were",
    Effect.gen(function* () {
      const runs: Array<Run> = []
      const { process } = yield* start("set", [lasting(runs)])
      yield* until(() => runs.length === 1)
      let awake = false
      const seen = yield* subscribed("set", Effect.whileLoop(sleeping(() => awake)))
      for (const _ of [1, 2, 3]) yield* answered(process(0).restart)
      yield* answered(process(0).stop)
      yield* pass("2 seconds")
      awake = true
      yield* until(() => seen.some((_) => told(_) === "0 Stopped"))
      expect(seen.length).toBeLessThan(8)
    })
  )

  it(
    "is healthy when every process runs that should, and says which do not",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const runs: Array<Run> = []
      const { process } = yield* start("set", [lasting(runs), lasting(runs)])
      const patience = "3 seconds"
      yield* untilEffect(Effect.map(health({ patience }), (_) => _.ready))
      expect(runs).toHaveLength(2)
      yield* lease.register("another set", 2)
      yield* pass("4 seconds")
      yield* untilEffect(Effect.map(health({ patience }), (_) => _.ready))
      const both = { deployments: ["set", "another set", "no set"], patience } as const
      expect(yield* health(both)).toMatchObject({
        ready: false,
        late: [
          { deployment: "another set", index: 0, actual: "Waiting" },
          { deployment: "another set", index: 1, actual: "Waiting" }
        ],
        unknown: ["no set"]
      })
      expect((yield* health({ ...both, patience: "1 hour" })).late).toEqual([])
      yield* lease.stop("another set")
      yield* answered(process(0).stop)
      yield* untilEffect(Effect.map(health({ ...both, deployments: ["set", "another set"] }), (_) => _.ready))
    })
  )

  it(
    "is not healthy before every process that should run has run once; one that has may be idle for a while",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      yield* lease.register("set", 2)
      const seen = Effect.map(health({ deployments: ["set"], patience: "1 hour" }), ({ late, ready, starting }) => ({
        ready,
        late: late.length,
        starting: starting.map((_) => _.index)
      }))
      expect(yield* seen).toEqual({ ready: false, late: 0, starting: [0, 1] })
      const first = yield* claimed({ deployment: "set", index: 0, generation: 0 }, "node")
      expect(yield* seen).toEqual({ ready: false, late: 0, starting: [1] })
      yield* lease.release(first)
      expect(yield* seen).toEqual({ ready: false, late: 0, starting: [1] })
      yield* claimed({ deployment: "set", index: 1, generation: 0 }, "node")
      expect(yield* seen).toEqual({ ready: true, late: 0, starting: [] })
      yield* lease.reshape(yield* lease.seize("set"), shape(2), shape(3))
      expect(yield* seen).toEqual({ ready: false, late: 0, starting: [0, 1, 2] })
      yield* lease.stop("set")
      expect(yield* seen).toEqual({ ready: true, late: 0, starting: [] })
    })
  )
}

const shape = (processes: number) => ({ processes, fingerprint: "" })

const told = ({ actual, index }: ProcessStatus): string => `${index} ${actual}`

/** What was seen of a process, one after the other. On a slow machine its node may seem to be silent at times. */
const courseOf = (seen: ReadonlyArray<ProcessStatus>, index: number) =>
  seen
    .flatMap((_) => (_.index === index && _.actual !== "Silent" ? [_.actual] : []))
    .filter((actual, n, all) => actual !== all[n - 1])

/** What a subscriber has been given, who takes the next when `ready` ends. */
const subscribed = (name: string, ready: Effect.Effect<void> = Effect.void) =>
  Effect.gen(function* () {
    const seen: Array<ProcessStatus> = []
    const note = (one: ProcessStatus) =>
      Effect.zipRight(
        Effect.sync(() => void seen.push(one)),
        ready
      )
    yield* Effect.forkScoped(Stream.runForEach(changes(name), note))
    return seen
  })

const sleeping = (awake: () => boolean) => ({
  while: () => !awake(),
  body: () => Effect.sleep("100 millis"),
  step: () => {}
})
