/** The part of `ProcessLeaseSuite` about what is wished: registering, stopping, resuming, revoking, placing. */
import { expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { DeploymentMismatch } from "../../Lease.js"
import { Fenced } from "../../ProcessContext.js"
import { ProcessLease } from "../../ProcessLease.js"
import { beatOf, claimed, claimTag, type Elapse, freshName, processOf, registered, row } from "./leases.js"
import type { SharedTests } from "./sharedLayer.js"

export const wishes = <R>(it: SharedTests<ProcessLease | R>["effect"], elapse: Elapse<R>): void => {
  it("makes the processes of a deployment known once", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const deployment = freshName('it\'s a "deployment" ü/%_')
      expect(yield* lease.list(deployment)).toEqual([])
      yield* lease.register(deployment, 3)
      const rows = yield* lease.list(deployment)
      expect(rows.map((_) => _.index)).toEqual([0, 1, 2])
      expect(rows.every((_) => _.deployment === deployment && _.desired && _.generation === 0)).toBe(true)
      expect(rows[2]).toMatchObject({
        epoch: 0,
        runner: Option.none(),
        target: Option.none(),
        sinceSent: Option.none()
      })
      yield* claimed(processOf(deployment, 1), "a")
      yield* lease.register(deployment, 3)
      expect((yield* lease.list(deployment)).map((_) => _.epoch)).toEqual([0, 1, 0])
    }))

  it("refuses another number of processes under a known name, and changes nothing", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const { deployment } = yield* registered(3)
      for (const processes of [2, 4]) {
        const error = yield* Effect.flip(lease.register(deployment, processes))
        expect(error).toBeInstanceOf(DeploymentMismatch)
        expect(error).toMatchObject({ deployment, processes, registered: 3 })
      }
      expect(yield* lease.list(deployment)).toHaveLength(3)
    }))

  it("registers a deployment once when many nodes start at the same time", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const deployment = freshName()
      const nodes = Array.from({ length: 10 })
      yield* Effect.forEach(nodes, () => lease.register(deployment, 2), { concurrency: "unbounded" })
      expect(yield* lease.list(deployment)).toHaveLength(2)
    }))

  it("wishes a whole deployment stopped, and no other", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const other = yield* registered()
      const process = yield* registered(2)
      const fence = yield* claimed(process, "a")
      const stopped = yield* lease.stop(process.deployment)
      expect(stopped.map((_) => [_.index, _.desired, _.runner])).toEqual([
        [0, false, Option.some("a")],
        [1, false, Option.none()]
      ])
      expect(yield* lease.beat([beatOf(fence)])).toEqual(["Superseded"])
      expect(yield* claimTag(process, "a")).toBe("Obsolete")
      expect(yield* claimTag({ ...process, index: 1 }, "b")).toBe("Obsolete")
      yield* lease.register(process.deployment, 2)
      expect((yield* lease.list(process.deployment)).map((_) => _.desired)).toEqual([false, false])
      expect(yield* claimTag(other, "a")).toBe("Claimed")
      expect(yield* lease.stop(freshName())).toEqual([])
    }))

  it("resumes in a new generation what was stopped, and leaves alone what runs", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const before = yield* claimed(process, "a")
      yield* lease.resume(process.deployment)
      expect((yield* row(process)).generation).toBe(0)
      expect(yield* lease.beat([beatOf(before)])).toEqual(["Held"])
      yield* lease.stop(process.deployment)
      yield* lease.release(before)
      yield* lease.resume(process.deployment)
      expect(yield* row(process)).toMatchObject({ generation: 1, desired: true, epoch: before.epoch })
      expect(yield* claimTag(process, "a")).toBe("Obsolete")
      const after = yield* claimed({ ...process, generation: 1 }, "a")
      expect(after.epoch).toBe(before.epoch + 1)
      yield* lease.resume(process.deployment)
      expect((yield* row(process)).generation).toBe(1)
      yield* lease.resume(freshName())
    }))

  it("takes a resumed process for one that was never placed", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      yield* lease.assign(process, "a")
      yield* lease.stop(process.deployment)
      yield* lease.resume(process.deployment)
      expect((yield* row(process)).sinceSent).toEqual(Option.none())
    }))

  it("revokes a process: whoever runs it is fenced, and anybody may claim it at once", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(2)
      const fence = yield* claimed(process, "a")
      const neighbour = yield* claimed({ ...process, index: 1 }, "a")
      yield* lease.revoke(process.deployment, 0)
      expect(yield* Effect.flip(lease.check(fence))).toBeInstanceOf(Fenced)
      expect(yield* lease.beat([beatOf(fence), beatOf(neighbour)])).toEqual(["Fenced", "Held"])
      expect(yield* row(process)).toMatchObject({ epoch: fence.epoch + 1, runner: Option.none() })
      expect((yield* claimed(process, "b")).epoch).toBe(fence.epoch + 2)
      yield* lease.revoke(freshName(), 0)
    }))

  it("places a process in a new generation, and remembers where and how long ago", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      expect(yield* lease.assign(process, "a")).toEqual(Option.some(1))
      yield* elapse("2 seconds")
      const placed = yield* row(process)
      expect(placed).toMatchObject({ generation: 1, target: Option.some("a"), epoch: 0 })
      const age = Option.getOrThrow(placed.sinceSent)
      expect(age).toBeGreaterThanOrEqual(2000)
      expect(age).toBeLessThan(60_000)
      expect(yield* lease.assign({ ...process, generation: 1 }, "b")).toEqual(Option.some(2))
      expect((yield* row(process)).target).toEqual(Option.some("b"))
    }))

  it("places nothing from another generation, nothing that is stopped, and nothing unknown", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      expect(yield* lease.assign({ ...process, generation: 1 }, "a")).toEqual(Option.none())
      expect(yield* lease.assign({ ...process, index: 1 }, "a")).toEqual(Option.none())
      expect(yield* lease.assign(processOf(freshName()), "a")).toEqual(Option.none())
      yield* lease.stop(process.deployment)
      expect(yield* lease.assign(process, "a")).toEqual(Option.none())
      expect(yield* row(process)).toMatchObject({ generation: 0, target: Option.none() })
    }))

  it("lets one of many coordinators win that place a process at once", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const targets = Array.from({ length: 20 }, (_, i) => `runner ${i}`)
      const answers = yield* Effect.forEach(targets, (target) => lease.assign(process, target), {
        concurrency: "unbounded"
      })
      const won = targets.filter((_, index) => Option.isSome(answers[index] ?? Option.none()))
      expect(won).toHaveLength(1)
      expect(yield* row(process)).toMatchObject({ generation: 1, target: Option.fromNullable(won[0]) })
    }))
}
