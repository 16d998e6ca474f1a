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
    // a second until the message is read, and a claim that waits for the fence: half a second, and three
    expect(plan([row(0, { ...given, sinceSent: Option.some(4500) })], { runners: ["a"] })).toEqual([])
    expect(plan([row(0, { ...given, sinceSent: Option.some(5100) })], { runners: ["a"] })).toMatchObject([
      { to: "a", why: "silent" }
    ])
  })

  it("sends a silent process again, and away from its runner when it stays silent", () => {
    const once = Plan.remember(Plan.nothingKnown, silent, 0)
    expect(plan([silent], { runners: ["a", "b"], memory: once })).toMatchObject([{ to: "a", why: "silent" }])
    const twice = Plan.remember(once, sentAgain(silent), 7000)
    expect(plan([silent], { runners: ["a", "b"], memory: twice, now: 7000 })).toMatchObject([
      { to: "b", why: "silent" }
    ])
    expect(plan([silent], { runners: ["a", "b"], memory: twice, now: 67_000 })).toMatchObject([{ to: "a" }])
  })

  it("counts a silence once for each sending, however often it looks", () => {
    const thrice = [0, 1000, 2000].reduce((memory, now) => Plan.remember(memory, silent, now), Plan.nothingKnown)
    expect(thrice).toMatchObject({ silences: 1, avoided: new Map() })
  })

  it("gives a process as much time as its owner may be silent, twice", () => {
    const patient = Duration.seconds(10)
    const rowOf = (age: number) => row(0, { sinceSent: Option.some(age), sinceBeat: Option.some(age) })
    const planned = (age: number) =>
      Plan.plan([rowOf(age)], new Map(), { runners: [{ name: "a", weight: 1 }], stableFor: patient }, 0, patient)
    expect(planned(19_000)).toEqual([])
    expect(planned(21_000)).toMatchObject([{ why: "silent" }])
    expect(Plan.remember(Plan.nothingKnown, rowOf(19_000), 0, patient).silences).toBe(0)
    expect(Plan.remember(Plan.nothingKnown, rowOf(21_000), 0, patient).silences).toBe(1)
  })

  it("avoids a runner twice as long each time", () => {
    const twice = silentTwice(Plan.nothingKnown, "a", 0)
    expect([avoidedUntil(twice, "a"), avoidedUntil(silentTwice(twice, "a", 60_000), "a")]).toEqual([60_000, 180_000])
  })

  it("avoids a runner no longer than before that was taken for want of another", () => {
    const twice = silentTwice(Plan.nothingKnown, "a", 0)
    expect(avoidedUntil(silentTwice(twice, "a", 12_000), "a")).toBe(72_000)
  })

  it("takes the runner whose avoidance ends first when it avoids all that live", () => {
    const runners = ["a", "b", "c"]
    const memory = ["b", "c", "a"].reduce(
      (known, runner, i) => silentTwice(known, runner, i * 12_000),
      Plan.nothingKnown
    )
    expect(plan([silent], { runners, memory, now: 30_000 })).toMatchObject([{ to: "b", why: "silent" }])
    expect(plan([silent], { runners: ["a", "c"], memory, now: 30_000 })).toMatchObject([{ to: "c", why: "silent" }])
    expect(plan([silent], { runners: ["a"], memory, now: 30_000 })).toMatchObject([{ to: "a", why: "silent" }])
    const later = silentTwice(memory, "b", 36_000)
    expect(plan([silent], { runners, memory: later, now: 40_000 })).toMatchObject([{ to: "c", why: "silent" }])
  })

  it("forgives the silence of a process that beats again", () => {
    const once = Plan.remember(Plan.nothingKnown, silent, 0)
    expect(Plan.remember(once, row(0), 1000).silences).toBe(0)
  })

  it("does not forgive the silence of a process that nobody has, though it beat a while ago", () => {
    const once = Plan.remember(Plan.nothingKnown, silent, 0)
    const given = row(0, { runner: Option.none(), sinceSent: Option.some(1000), sinceBeat: Option.some(5500) })
    expect(Plan.remember(once, given, 1000).silences).toBe(1)
  })

  it("forgets to avoid a runner on which one run has lasted a minute, and no other", () => {
    const both = silentTwice(silentTwice(Plan.nothingKnown, "a", 0), "b", 0)
    const seen = (memory: Plan.Memory, now: number, given: Partial<Lease.ProcessRow> = {}) =>
      Plan.remember(memory, row(0, given), now)
    const avoided = (memory: Plan.Memory) => [...memory.avoided.keys()]
    const first = seen(both, 1000)
    expect(avoided(seen(first, 60_999))).toEqual(["a", "b"])
    expect(avoided(seen(first, 61_000))).toEqual(["b"])
    expect(avoided(seen(first, 61_000, { epoch: 2 }))).toEqual(["a", "b"])
    expect(avoided(seen(first, 61_000, { state: Option.some("Backoff") }))).toEqual(["a", "b"])
    expect(avoided(seen(first, 61_000, { sinceBeat: Option.some(5500), runner: Option.none() }))).toEqual(["a", "b"])
    // a run that was silent in between has to last anew
    expect(avoided(seen(Plan.remember(first, silent, 30_000), 61_000))).toEqual(["a", "b"])
  })

  it("moves a pinned process to its runner, and counts it there", () => {
    const rows = [0, 1, 2, 3].map((index) => row(index, { pinned: index < 3 ? Option.some("b") : Option.none() }))
    expect(plan(rows, { runners: ["a", "b"] }).map(({ row: { index }, to, why }) => [index, to, why])).toEqual([
      [0, "b", "move"],
      [1, "b", "move"],
      [2, "b", "move"]
    ])
    const there = rows.map((_) => ({ ..._, target: Option.orElse(_.pinned, () => _.target) }))
    expect(plan(there, { runners: ["a", "b"] })).toEqual([])
  })

  it("places a pinned process like any other while its runner is gone, or does not start it", () => {
    const pinned = row(0, { pinned: Option.some("gone") })
    expect(plan([pinned], { runners: ["a"] })).toEqual([])
    expect(plan([{ ...pinned, target: Option.some("gone") }], { runners: ["a"] })).toMatchObject([
      { to: "a", why: "dead" }
    ])
    const memory = silentTwice(Plan.nothingKnown, "a", 0)
    const stuck = { ...silent, pinned: Option.some("a") }
    expect(plan([stuck], { runners: ["a", "b"], memory, now: 30_000 })).toMatchObject([{ to: "b", why: "silent" }])
    expect(plan([stuck], { runners: ["a"], memory, now: 30_000 })).toMatchObject([{ to: "a", why: "silent" }])
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
  suspended: false,
  target: Option.some("a"),
  pinned: Option.none(),
  epoch: 1,
  runner: Option.some("a"),
  state: Option.some("Running"),
  starts: 1,
  lastError: Option.none(),
  sinceBeat: Option.some(500),
  sinceSent: Option.some(60_000),
  sinceDesired: 60_000,
  sinceState: Option.some(50_000),
  ...given
})

/** Sent to a in vain. */
const silent = row(0, { sinceSent: Option.some(7000), sinceBeat: Option.some(7000) })
const sentAgain = (before: Lease.ProcessRow): Lease.ProcessRow => ({ ...before, generation: before.generation + 1 })

/** The memory after two sendings in vain to a runner. */
const silentTwice = (memory: Plan.Memory, runner: string, now: number) => {
  generations += 2
  const once = { ...silent, target: Option.some(runner), generation: generations }
  return Plan.remember(Plan.remember(memory, once, now), sentAgain(once), now)
}
let generations = 1

const avoidedUntil = (memory: Plan.Memory, runner: string) => memory.avoided.get(runner)?.until

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
    {
      runners: given.runners.map((name) => ({ name, weight: 1 })),
      stableFor: Duration.millis(given.stableMs ?? 60_000)
    },
    given.now ?? 0
  )
