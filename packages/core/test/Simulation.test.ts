// Clusters from seeds. AECOR_SEEDS says how many (e.g. 3000 for a long run), AECOR_SEED where they begin.
import { DistributedProcessing, Process } from "@aecor/core"
import { Simulation } from "@aecor/core/testing"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { resolve } from "../src/internal/nodeSettings.js"
import * as cluster from "../src/internal/processingCluster.js"
import * as Runs from "../src/testing/internal/simulation/run.js"

const count = Number(process.env["AECOR_SEEDS"] ?? 12)
const first = Number(process.env["AECOR_SEED"] ?? 1)
/** Every test takes a second or a few, and on a machine that others use as well twenty times as long. */
const options = { timeout: 300_000 + count * 10_000 }

const settings = { backoff: { max: "5 seconds" }, shutdownTimeout: "3 seconds" } as const
const deployments = DistributedProcessing.deploy("set", Simulation.troubledProcesses(6), settings)

describe("distributed processing", options, () => {
  for (const [what, share, course] of [
    ["storms of faults", 1, { faults: Simulation.storm({ until: "35 seconds" }), duration: "85 seconds" }],
    ["one fault alone", 1, { faults: Simulation.single(), duration: "70 seconds" }],
    [
      "a long quiet after a storm",
      1 / 4,
      { faults: Simulation.storm({ until: "30 seconds" }), duration: "130 seconds" }
    ]
  ] as const) {
    it.live(`keeps every promise through ${what}`, () =>
      Effect.gen(function* () {
        const seeds = { first, count: Math.ceil(count * share) }
        const verified = yield* Simulation.verify({ ...course, deployments, seeds })
        expect(verified.writes).toBeGreaterThan(100 * seeds.count)
      })
    )
  }

  it.live("keeps them with two deployments on five runners, each with its default settings", () =>
    Simulation.verify({
      deployments: Layer.merge(
        DistributedProcessing.deploy("one", Simulation.troubledProcesses(7)),
        DistributedProcessing.deploy("two", Simulation.troubledProcesses(4))
      ),
      runners: 5,
      faults: Simulation.storm({ until: "30 seconds", every: "2 seconds" }),
      duration: "80 seconds",
      seeds: { first, count: Math.ceil(count / 8) }
    })
  )
})

describe("a runner that died before the store's clock stepped back", options, () => {
  it.live("stays dead when the clock is where it was", () =>
    Effect.gen(function* () {
      const { moments, violations } = yield* steady(
        { _tag: "Kill", at: "15 seconds", runner: "runner-1" },
        { _tag: "ClockStep", at: "16 seconds", by: "20 seconds", back: true }
      )
      expect(violations).toEqual([])
      expect(moments.filter((moment) => moment._tag === "Placed" && moment.at > 30_000)).toEqual([])
    })
  )
})

describe("a runner whose time of day is set", options, () => {
  it.live("goes on as before: it keeps its processes and takes over others' in time", () =>
    Effect.gen(function* () {
      const { moments, violations } = yield* steady(
        { _tag: "RunnerClockStep", at: "14 seconds", runner: "runner-1", by: "1 hour", back: true },
        { _tag: "RunnerClockStep", at: "14 seconds", runner: "runner-2", by: "1 hour", back: false },
        { _tag: "Kill", at: "20 seconds", runner: "runner-3" }
      )
      expect(violations).toEqual([])
      const claims = moments.filter((moment) => moment._tag === "Claimed" && moment.at > 14_000)
      expect(claims).toHaveLength(2)
      expect(Math.max(...claims.map(({ at }) => at))).toBeLessThan(26_000)
    })
  )
})

describe("a coordinator that does not reach one runner", options, () => {
  it.live("places nothing anew: what it sends is kept, and others do not ask for it", () =>
    Effect.gen(function* () {
      const { moments, violations } = yield* steady(
        { _tag: "CutPair", at: "15 seconds", runner: "runner-1", other: "runner-2", lasts: "20 seconds" },
        { _tag: "CutPair", at: "15 seconds", runner: "runner-3", other: "runner-1", lasts: "20 seconds" }
      )
      expect(violations).toEqual([])
      expect(moments.filter((moment) => moment._tag === "Placed" && moment.at > 15_000)).toEqual([])
    })
  )
})

describe("what a process sent before it was stopped", options, () => {
  it.live("is refused where it arrives after the kill switch has answered", () =>
    Effect.gen(function* () {
      const faults = Simulation.storm({ kinds: ["SwitchOff", "TroubledStore"], until: "35 seconds" })
      const { violations } = yield* Simulation.run({ seed: 24, deployments, faults, duration: "90 seconds" })
      expect(violations).toEqual([])
    })
  )
})

describe("a seed", options, () => {
  it.live("gives the same run each time, and another seed another", () =>
    Effect.gen(function* () {
      const run = (seed: number) => Simulation.run({ deployments, seed, duration: "40 seconds" })
      const one = yield* run(7)
      expect(one.moments.length).toBeGreaterThan(100)
      expect((yield* run(7)).moments).toEqual(one.moments)
      expect((yield* run(8)).moments).not.toEqual(one.moments)
    })
  )

  it.live("is named with what happened when a promise is broken", () =>
    Effect.gen(function* () {
      const report = yield* found(anyFault, { lease: (lease) => ({ ...lease, check: () => Effect.void }) })
      const text = Simulation.describe(report)
      expect(text).toContain(`seed ${report.seed}: broken`)
      expect(text).toContain("stale write")
      expect(text).toMatch(/epoch \d+ on runner-\d writes/)
    })
  )
})

// each of these is the real thing with one rule broken
describe("what is wrong is found out:", options, () => {
  it.live("a guard that lets an older epoch write", () =>
    expectBroken("stale write", anyFault, { lease: (lease) => ({ ...lease, check: () => Effect.void }) })
  )

  it.live("a claim that robs an owner that beats", () =>
    expectBroken("robbed owner", Simulation.storm({ kinds: ["CutFromPeers", "Freeze", "TroubledPeers"] }), {
      lease: (lease) => ({ ...lease, claim: (process, runner) => lease.claim(process, runner, Duration.millis(-1)) })
    })
  )

  it.live("no beat through a backoff", () =>
    expectBroken("restless", Simulation.exactly(), {
      lease: (lease) => ({
        ...lease,
        beat: (beats) => {
          const running = beats.filter(({ state }) => state !== "Backoff")
          return Effect.map(lease.beat(running), (answers) =>
            beats.map((beat) => answers[running.indexOf(beat)] ?? "Held")
          )
        }
      })
    })
  )

  it.live("no observing after an outage", () =>
    expectBroken("needless move", lateOutage, {
      host: cluster.makeWith(resolve({}), Duration.zero),
      duration: "160 seconds"
    })
  )

  it.live("a coordination that nobody is given", () =>
    expectBroken("no coordinator", Simulation.exactly(), {
      lease: (lease) => ({ ...lease, coordinate: () => Effect.succeed(false) })
    })
  )

  it.live("a process that is not started again", () =>
    expectBroken("not revived", Simulation.single({ kinds: ["Kill"] }), {
      lease: (lease) => ({
        ...lease,
        claim: (process, runner, silence) =>
          process.generation > 1 ? Effect.succeed({ _tag: "Busy" }) : lease.claim(process, runner, silence)
      })
    })
  )

  it.live("a kill switch that says too early that it is done", () =>
    expectBroken("write after the kill switch", Simulation.storm({ kinds: ["SwitchOff"] }), {
      lease: (lease) => ({
        ...lease,
        revoke: () => Effect.void,
        stop: (deployment, index) =>
          Effect.map(lease.stop(deployment, index), (rows) => rows.map((row) => ({ ...row, runner: Option.none() })))
      })
    })
  )

  it.live("a stop of one process that says too early that it is done", () =>
    expectBroken("write after the kill switch", Simulation.storm({ kinds: ["StopOne"] }), {
      lease: (lease) => ({
        ...lease,
        revoke: () => Effect.void,
        stop: (deployment, index) =>
          Effect.map(lease.stop(deployment, index), (rows) => rows.map((row) => ({ ...row, runner: Option.none() })))
      })
    })
  )

  it.live("a move that says too early that it is done", () =>
    expectBroken("false answer", Simulation.storm({ kinds: ["MoveOne"] }), {
      lease: (lease) => ({
        ...lease,
        list: (deployment) =>
          Effect.map(lease.list(deployment), (rows) =>
            rows.map((row) => ({ ...row, runner: Option.orElse(row.pinned, () => row.runner) }))
          )
      })
    })
  )

  it.live("a deployment that goes on while something is done to it", () =>
    expectBroken("write while it stands still", Simulation.storm({ kinds: ["Hold"] }), {
      lease: (lease) => ({ ...lease, suspend: () => Effect.void })
    })
  )

  it.live("processes that stay where they came up", () =>
    expectBroken("uneven", Simulation.exactly({ _tag: "Join", at: "10 seconds", runner: "runner-4" }), {
      duration: "110 seconds",
      lease: (lease) => ({
        ...lease,
        assign: (process, target) =>
          target === "runner-4" ? Effect.succeed(Option.none()) : lease.assign(process, target)
      })
    })
  )

  it.live("a process that is given up before it has stopped", () =>
    expectBroken("overlap", Simulation.exactly({ _tag: "Leave", at: "15 seconds", runner: "runner-3" }), {
      lease: (lease) => ({
        ...lease,
        beat: (beats) =>
          Effect.tap(lease.beat(beats), () =>
            Effect.forEach(
              beats.filter(({ state }) => state === "Stopping"),
              ({ fence }) => lease.release(fence)
            )
          )
      })
    })
  )
})

describe("a runner of a simulation", options, () => {
  it.live("that is frozen does nothing, and then everything at once on a clock that has jumped", () =>
    Effect.gen(function* () {
      const { moments, violations } = yield* steady({
        _tag: "Freeze",
        at: "15 seconds",
        runner: "runner-1",
        lasts: "9 seconds"
      })
      expect(violations).toEqual([])
      const its = moments.filter((moment) => "run" in moment && moment.run.runner === "runner-1")
      expect(its.filter(({ at }) => at > 15_010 && at < 24_000)).toEqual([])
      const awake = its.filter(({ at }) => at >= 24_000 && at < 24_100)
      expect(awake.map(({ _tag }) => _tag)).toContain("Refused")
      expect(awake.map(({ _tag }) => _tag)).not.toContain("Wrote")
    })
  )

  it.live("that is killed runs no finalizer", () =>
    Effect.gen(function* () {
      const { moments, violations } = yield* steady({ _tag: "Kill", at: "15 seconds", runner: "runner-1" })
      expect(violations).toEqual([])
      expect(ended(moments, "runner-1")).toBe(0)
      expect(moments.find(({ _tag }) => _tag === "RunnerGone")?.at).toBe(15_000)
    })
  )

  it.live("that leaves stops its processes first, and hands them to the others itself, within half a second", () =>
    Effect.gen(function* () {
      const { moments, violations } = yield* steady({ _tag: "Leave", at: "15 seconds", runner: "runner-1" })
      expect(violations).toEqual([])
      expect(ended(moments, "runner-1")).toBe(2)
      const claims = moments.filter((moment) => moment._tag === "Claimed" && moment.at > 15_000)
      expect(claims).toHaveLength(2)
      expect(Math.max(...claims.map(({ at }) => at))).toBeLessThan(15_500)
    })
  )
})

const anyFault = Simulation.storm({ until: "35 seconds" })
const lateOutage = Simulation.exactly({ _tag: "Outage", at: "130 seconds", lasts: "10 seconds", how: "refused" })

/** How long most runs are: some faults, and the time in which all must run again. */
const usual = "80 seconds"

type Mutation = Pick<Simulation.Options, "lease" | "duration"> & { readonly host?: typeof cluster.make }

/** The report of the first of some seeds in which a promise is broken. */
const found = (faults: Simulation.Schedule, { duration = usual, host = cluster.make, lease }: Mutation) =>
  Effect.gen(function* () {
    const course = { deployments, faults, duration, ...(lease === undefined ? {} : { lease }) } as const
    for (let seed = 1; seed <= 20; seed++) {
      const report = yield* Runs.run({ ...course, seed }, host)
      if (report.violations.length > 0) return report
    }
    return yield* Effect.dieMessage("nothing was found")
  })

/** Expects that a mutation breaks a promise within some seeds, and that nothing is wrong in them without it. */
const expectBroken = (rule: string, faults: Simulation.Schedule, mutation: Mutation) =>
  Effect.gen(function* () {
    const report = yield* found(faults, mutation)
    expect(report.violations.map((_) => _.rule)).toContain(rule)
    const { seed } = report
    const sound = yield* Simulation.run({ deployments, faults, duration: mutation.duration ?? usual, seed })
    expect(sound.violations).toEqual([])
  })

/** A quiet run of six processes that do as they are told, but for these faults. */
const steady = (...faults: ReadonlyArray<Simulation.Fault>) =>
  Simulation.run({
    seed: 1,
    deployments: DistributedProcessing.deploy(
      "set",
      Array.from({ length: 6 }, () => Process.fromEffect(Effect.never))
    ),
    faults: Simulation.exactly(...faults),
    duration: "50 seconds"
  })

const ended = (moments: Simulation.Report["moments"], runner: string): number =>
  moments.filter((moment) => moment._tag === "Ended" && moment.run.runner === runner && moment.at < 17_500).length
