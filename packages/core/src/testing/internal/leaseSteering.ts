/** The part of `ProcessLeaseSuite` about single processes: their own wishes, where they belong, and since when. */
import { expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { ProcessLease } from "../../ProcessLease.js"
import { beatOf, claimed, claimTag, type Elapse, freshName, registered, row } from "./leases.js"
import type { SharedTests } from "./sharedLayer.js"

export const steering = <R>(it: SharedTests<ProcessLease | R>["effect"], elapse: Elapse<R>): void => {
  it("wishes one process stopped and running again, and leaves the others of its deployment alone", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(3)
      const { deployment } = process
      const fence = yield* claimed({ ...process, index: 1 }, "a")
      const stopped = yield* lease.stop(deployment, 1)
      expect(stopped.map((_) => [_.index, _.desired, _.runner])).toEqual([[1, false, Option.some("a")]])
      expect((yield* lease.list(deployment)).map((_) => _.desired)).toEqual([true, false, true])
      expect(yield* lease.beat([beatOf(fence)])).toEqual(["Superseded"])
      expect(yield* claimTag(process, "a")).toBe("Claimed")
      yield* lease.stop(deployment, 2)
      const resumed = yield* lease.resume(deployment, 1)
      expect(resumed.map((_) => [_.index, _.desired, _.generation])).toEqual([[1, true, 1]])
      expect((yield* lease.list(deployment)).map((_) => [_.desired, _.generation])).toEqual([
        [true, 0],
        [true, 1],
        [false, 0]
      ])
      expect(yield* lease.resume(deployment, 1)).toEqual([])
      expect(yield* lease.stop(deployment, 3)).toEqual([])
      expect(yield* lease.resume(freshName(), 0)).toEqual([])
    }))

  it("lets the last wish count: the whole deployment's resumes also what was stopped alone", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const { deployment } = yield* registered(2)
      yield* lease.stop(deployment, 0)
      yield* lease.stop(deployment)
      yield* lease.resume(deployment, 1)
      expect((yield* lease.list(deployment)).map((_) => _.desired)).toEqual([false, true])
      expect((yield* lease.resume(deployment)).map((_) => _.index)).toEqual([0])
      expect((yield* lease.list(deployment)).map((_) => _.desired)).toEqual([true, true])
    }))

  it("wishes a process running anew, whether it runs or is stopped: its owner learns of it, and it is not placed", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const { deployment } = process
      yield* lease.assign(process, "a")
      const fence = yield* claimed({ ...process, generation: 1 }, "a")
      const running = Option.getOrThrow(yield* lease.restart(deployment, 0))
      expect(running).toMatchObject({ generation: 2, desired: true, epoch: 1, runner: Option.some("a") })
      expect(running).toMatchObject({ sinceSent: Option.none(), target: Option.some("a") })
      expect(yield* lease.beat([beatOf(fence, { generation: 1 })])).toEqual(["Superseded"])
      expect(yield* claimTag({ ...process, generation: 1 }, "a")).toBe("Obsolete")
      expect(yield* claimTag({ ...process, generation: 2 }, "a")).toBe("Claimed")
      yield* lease.stop(deployment)
      expect(Option.getOrThrow(yield* lease.restart(deployment, 0))).toMatchObject({ generation: 3, desired: true })
      expect(yield* lease.restart(deployment, 1)).toEqual(Option.none())
    }))

  it("remembers the runner that a process is pinned to, through all that happens to it, until it is freed", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(2)
      const { deployment } = process
      const pinned = Effect.map(lease.list(deployment), (rows) => rows.map((_) => _.pinned))
      expect(yield* pinned).toEqual([Option.none(), Option.none()])
      yield* lease.pin(deployment, 0, Option.some("a"))
      expect((yield* row(process)).generation).toBe(0)
      yield* lease.assign(process, "b")
      yield* lease.stop(deployment)
      yield* lease.resume(deployment)
      yield* lease.revoke(deployment, 0)
      expect(yield* pinned).toEqual([Option.some("a"), Option.none()])
      yield* lease.pin(deployment, 0, Option.some("b"))
      expect(yield* pinned).toEqual([Option.some("b"), Option.none()])
      yield* lease.pin(deployment, 0, Option.none())
      yield* lease.pin(freshName(), 0, Option.some("a"))
      expect(yield* pinned).toEqual([Option.none(), Option.none()])
    }))

  it("tells since when a process is wished as it is, and since when it is in its state", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const { deployment } = process
      const times = Effect.map(row(process), (_) => ({
        desired: hours(Option.some(_.sinceDesired)),
        state: hours(_.sinceState)
      }))
      expect(yield* times).toEqual({ desired: 0, state: "never" })
      yield* elapse("10 hours")
      const fence = yield* claimed(process, "a")
      expect(yield* row(process)).toMatchObject({ state: Option.some("Running") })
      expect(yield* times).toEqual({ desired: 10, state: 0 })
      yield* elapse("10 hours")
      yield* lease.beat([beatOf(fence)])
      expect(yield* times).toEqual({ desired: 20, state: 10 })
      yield* lease.beat([beatOf(fence, { state: "Stopping" })])
      expect(yield* times).toEqual({ desired: 20, state: 0 })
      yield* elapse("10 hours")
      yield* lease.stop(deployment)
      expect(yield* times).toEqual({ desired: 0, state: 10 })
      yield* elapse("10 hours")
      yield* lease.stop(deployment)
      yield* lease.release(fence)
      expect(yield* times).toEqual({ desired: 10, state: 0 })
      yield* elapse("10 hours")
      yield* lease.resume(deployment)
      yield* lease.resume(deployment)
      expect(yield* times).toEqual({ desired: 0, state: 10 })
      yield* elapse("10 hours")
      yield* lease.restart(deployment, 0)
      expect(yield* times).toEqual({ desired: 10, state: 20 })
      yield* lease.revoke(deployment, 0)
      expect(yield* times).toEqual({ desired: 10, state: 0 })
      yield* claimed({ ...process, generation: 2 }, "b")
      expect(yield* row(process)).toMatchObject({ state: Option.some("Running") })
    }))

  it("keeps the last error when the process is well again, also with another owner", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const lastError = Effect.map(row(process), (_) => _.lastError)
      const first = yield* claimed(process, "a")
      yield* lease.beat([beatOf(first, { state: "Backoff", lastError: Option.some("disk full") })])
      yield* lease.beat([beatOf(first)])
      expect(yield* lastError).toEqual(Option.some("disk full"))
      yield* lease.release(first)
      const second = yield* claimed(process, "b")
      yield* lease.beat([beatOf(second)])
      expect(yield* lastError).toEqual(Option.some("disk full"))
      yield* lease.beat([beatOf(second, { lastError: Option.some("disk gone") })])
      expect(yield* lastError).toEqual(Option.some("disk gone"))
    }))
}

/** A time in whole hours; a live clock may have gone on by a little. */
const hours = (age: Option.Option<number>) =>
  Option.match(age, { onNone: () => "never", onSome: (_) => Math.floor(_ / 3_600_000) })
