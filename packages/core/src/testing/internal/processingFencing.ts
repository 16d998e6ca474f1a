/** The part of `DistributedProcessingSuite` about epochs: who has lost one stops, and nothing of it counts any more. */
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { Fenced } from "../../ProcessContext.js"
import { ProcessLease } from "../../ProcessLease.js"
import { beatOf, claimed } from "./leases.js"
import { byClock, pass, until, watch } from "./patience.js"
import {
  alive,
  expectBetween,
  lasting,
  type ProcessingTest,
  recorded,
  restarts,
  type Run,
  start
} from "./processRuns.js"

export const fencing = (it: ProcessingTest): void => {
  it(
    "starts each run under the newest epoch",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const runs: Array<Run> = []
      const { backoff } = yield* restarts
      const processes = [recorded(runs, (n) => (n < 3 ? Effect.fail("broken") : Effect.never))]
      yield* start("set", processes, { backoff })
      yield* until(() => runs.length === 3)
      const [first, second, third] = runs.map((_) => _.fence)
      if (first === undefined || second === undefined || third === undefined) return
      expect(yield* Effect.flip(lease.check(first))).toBeInstanceOf(Fenced)
      expect(yield* Effect.flip(lease.check(second))).toBeInstanceOf(Fenced)
      yield* lease.check(third)
    })
  )

  it(
    "keeps its epoch as long as it runs",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const runs: Array<Run> = []
      yield* start("set", [lasting(runs)])
      yield* until(() => runs.length === 1)
      yield* watch("1 minute")
      expect(alive(runs)).toHaveLength(1)
      for (const { fence } of runs) yield* lease.check(fence)
    })
  )

  it(
    "stops a run whose epoch was revoked within two beats, and starts it under a newer one",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const runs: Array<Run> = []
      yield* start("set", [lasting(runs), lasting(runs)])
      yield* until(() => runs.length === 2)
      const old = runs.find((_) => _.fence.index === 1)
      if (old === undefined) return yield* Effect.dieMessage("process 1 was waited for")
      yield* lease.revoke("set", 1)
      expect(yield* Effect.flip(lease.check(old.fence))).toBeInstanceOf(Fenced)
      yield* expectBetween(yield* until(() => old.endedAt !== undefined), 0, 2000)
      yield* until(() => alive(runs).length === 2)
      const fresh = runs.at(-1)
      expect(runs).toHaveLength(3)
      expect(fresh?.fence.epoch).toBeGreaterThan(old.fence.epoch + 1)
      if (fresh !== undefined) yield* lease.check(fresh.fence)
    })
  )

  it(
    "leaves a process to whoever took it, as long as that one beats",
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const runs: Array<Run> = []
      // it is to take the process back; and that a machine may stand still does no harm here
      yield* start("set", [lasting(runs)], {
        silence: yield* byClock({ test: "3 seconds", live: "10 seconds" } as const)
      })
      yield* until(() => runs.length === 1)
      const [row] = yield* lease.list("set")
      if (row === undefined) return yield* Effect.dieMessage("process 0 is not listed")
      yield* lease.revoke("set", 0)
      const stolen = yield* claimed(row, "thief")
      const seconds = yield* byClock({ test: 15, live: 8 })
      for (let second = 0; second < seconds; second++) {
        yield* pass("1 second")
        expect(yield* lease.beat([beatOf(stolen, { generation: row.generation })])).toEqual(["Held"])
      }
      expect(runs).toHaveLength(1)
      expect(alive(runs)).toEqual([])
      yield* until(() => alive(runs).length === 1)
      expect(runs.at(-1)?.fence.epoch).toBeGreaterThan(stolen.epoch)
      expect(yield* Effect.flip(lease.check(stolen))).toBeInstanceOf(Fenced)
    })
  )
}
