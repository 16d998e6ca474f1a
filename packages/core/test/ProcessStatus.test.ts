// What is read from a row of the lease: what the process does, since when, and for how long it has not run.
import type { Lease } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import * as Status from "../src/internal/processStatus.js"

const none = Option.none<never>()
const { some } = Option
const doing = (state: Lease.Beat["state"]) => some(state)

describe("what a process does", () => {
  it.each([
    ["somebody runs it", {}, "Running", 50_000, 0],
    ["it has ended, and will be started again", { state: doing("Backoff") }, "Backoff", 50_000, 50_000],
    ["its finalizers run", { state: doing("Stopping") }, "Stopping", 50_000, 50_000],
    ["its runner beat just in time", { sinceBeat: some(3000) }, "Running", 50_000, 0],
    ["its runner is silent", { sinceBeat: some(3001) }, "Silent", 3001, 3001],
    ["the clock has stepped back", { sinceBeat: some(Infinity) }, "Silent", Infinity, 60_000],
    ["it was claimed by an older node", { state: none, sinceState: none }, "Running", 60_000, 0],
    ["nobody runs it any more", { runner: none }, "Waiting", 50_000, 50_000],
    ["nobody has ever run it", { runner: none, state: none, sinceState: none }, "Waiting", 60_000, 60_000],
    ["it was resumed a moment ago", { runner: none, sinceDesired: 100 }, "Waiting", 100, 100],
    [
      "it was resumed, and is being stopped still",
      { state: doing("Stopping"), sinceDesired: 100 },
      "Stopping",
      50_000,
      100
    ],
    ["it is not desired", { runner: none, desired: false }, "Stopped", 50_000, 0],
    ["it is not desired since it stopped", { runner: none, desired: false, sinceDesired: 9 }, "Stopped", 9, 0],
    ["it is not desired, and still runs", { desired: false, sinceDesired: 9 }, "Running", 50_000, 0],
    ["it is not desired, and its runner is gone", { desired: false, sinceBeat: some(9000) }, "Silent", 9000, 0]
  ] as const)("when %s", (_, given, actual, since, idle) => {
    const status = Status.of(row(given))
    expect([status.actual, status.since, Status.idleFor(status)]).toEqual([actual, since, idle])
  })

  it("is different when anything is but an age", () => {
    const same = (given: Partial<Lease.ProcessRow>) => Status.isSame(Status.of(row()), Status.of(row(given)))
    expect(same({ sinceBeat: some(1), sinceSent: none, sinceDesired: 2, sinceState: some(3) })).toBe(true)
    const differing: ReadonlyArray<Partial<Lease.ProcessRow>> = [
      { generation: 2 },
      { desired: false },
      { suspended: true },
      { target: some("b") },
      { pinned: some("b") },
      { epoch: 2 },
      { runner: some("b") },
      { state: doing("Backoff") },
      { starts: 2 },
      { lastError: some("broken") },
      { sinceBeat: some(4000) }
    ]
    expect(differing.filter(same)).toEqual([])
  })
})

const row = (given: Partial<Lease.ProcessRow> = {}): Lease.ProcessRow => ({
  deployment: "d",
  index: 0,
  generation: 1,
  desired: true,
  suspended: false,
  target: some("a"),
  pinned: none,
  epoch: 1,
  runner: some("a"),
  state: doing("Running"),
  starts: 1,
  lastError: none,
  sinceBeat: some(500),
  sinceSent: some(60_000),
  sinceDesired: 60_000,
  sinceState: some(50_000),
  ...given
})
