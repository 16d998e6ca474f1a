import { describe, expect, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import type { Lease } from "@aecor/core"
import * as Plan from "../src/internal/plan.js"

describe("the coordinator's plan", () => {
  it("sends a process that was never sent once the fleet has come up", () => {
    const rows = [row(0, { target: Option.none(), sinceSent: Option.none(), sinceBeat: Option.none() })]
    expect(plan(rows, { runners: ["a"], stableMs: 500 })).toEqual([])
    expect(plan(rows, { runners: ["a"], stableMs: 1000 })).toMatchObject([{ to: "a", why: "fresh" }])
  })

  it("moves the processes of a runner that is gone at once", () => {
    const rows = [row(0, { target: Option.some("gone") }), row(1, { target: Option.some("a") })]
    expect(plan(rows, { runners: ["a", "b"], stableMs: 0 })).toMatchObject([
      { row: { index: 0 }, to: "b", why: "dead" }
    ])
  })

  it("moves a process that runs well only when the set of runners has been stable", () => {
    const rows = [row(0), row(1)]
    expect(plan(rows, { runners: ["a", "b"], stableMs: 2999 })).toEqual([])
    expect(plan(rows, { runners: ["a", "b"], stableMs: 3000 })).toMatchObject([{ to: "b", why: "move" }])
  })

  it("leaves a process alone that beats, however long ago it was sent", () => {
    expect(plan([row(0, { sinceSent: Option.some(1e9), sinceBeat: Option.some(900) })], { runners: ["a"] })).toEqual([])
  })

  it("leaves a process alone that was just sent, however long ago it beat", () => {
    expect(plan([row(0, { sinceSent: Option.some(100), sinceBeat: Option.some(1e9) })], { runners: ["a"] })).toEqual([])
  })

  it("sends a process again that its runner gave up or never took, once that had the time to take it", () => {
    const given = { runner: Option.none<string>(), sinceBeat: Option.some(3500) }
    expect(plan([row(0, { ...given, sinceSent: Option.some(2900) })], { runners: ["a"] })).toEqual([])
    expect(plan([row(0, { ...given, sinceSent: Option.some(3100) })], { runners: ["a"] })).toMatchObject([
      { to: "a", why: "silent" }
    ])
  })

  it("sends a silent process again, and away from its runner when it stays silent", () => {
    const silent = row(0, { sinceSent: Option.some(7000), sinceBeat: Option.some(7000) })
    const once = Plan.remember(Plan.nothingKnown, silent, 0)
    expect(plan([silent], { runners: ["a", "b"], memory: once })).toMatchObject([{ to: "a", why: "silent" }])
    const twice = Plan.remember(once, silent, 7000)
    expect(plan([silent], { runners: ["a", "b"], memory: twice, now: 7000 })).toMatchObject([
      { to: "b", why: "silent" }
    ])
    expect(plan([silent], { runners: ["a", "b"], memory: twice, now: 67_000 })).toMatchObject([{ to: "a" }])
  })

  it("avoids a runner twice as long each time", () => {
    const silent = row(0, { sinceSent: Option.some(7000), sinceBeat: Option.none() })
    const avoidedFor = (memory: Plan.Memory) => Duration.toSeconds(memory.avoided.get("a")?.length ?? Duration.zero)
    const twice = Plan.remember(Plan.remember(Plan.nothingKnown, silent, 0), silent, 0)
    const fourTimes = Plan.remember(Plan.remember(twice, silent, 0), silent, 0)
    expect([avoidedFor(twice), avoidedFor(fourTimes)]).toEqual([60, 120])
  })

  it("forgives the silence of a process that beats again", () => {
    const silent = row(0, { sinceSent: Option.some(7000), sinceBeat: Option.some(7000) })
    const once = Plan.remember(Plan.nothingKnown, silent, 0)
    expect(Plan.remember(once, row(0), 1000).silences).toBe(0)
  })

  it("does nothing with a process that is not desired, or where no runner lives", () => {
    expect(plan([row(0, { desired: false, target: Option.some("gone") })], { runners: ["a"] })).toEqual([])
    expect(plan([row(0, { target: Option.some("gone") })], { runners: [] })).toEqual([])
  })
})

const row = (index: number, given: Partial<Lease.ProcessRow> = {}): Lease.ProcessRow => ({
  deployment: "d",
  index,
  generation: 1,
  desired: true,
  target: Option.some("a"),
  epoch: 1,
  runner: Option.some("a"),
  state: Option.some("Running"),
  starts: 1,
  lastError: Option.none(),
  sinceBeat: Option.some(500),
  sinceSent: Option.some(60_000),
  ...given
})

const plan = (
  rows: ReadonlyArray<Lease.ProcessRow>,
  given: {
    readonly runners: ReadonlyArray<string>
    readonly stableMs?: number
    readonly memory?: Plan.Memory
    readonly now?: number
  }
) =>
  Plan.plan(
    rows,
    new Map(given.memory === undefined ? [] : [[0, given.memory]]),
    { runners: given.runners, stableFor: Duration.millis(given.stableMs ?? 60_000) },
    given.now ?? 0
  )
