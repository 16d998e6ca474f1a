/** The part of `ProcessLeaseSuite` about claims, beats, releases and checks. */
import { expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Fenced } from "../../ProcessContext.js"
import { ProcessLease } from "../../ProcessLease.js"
import { beatOf, claimed, claimTag, type Elapse, freshName, processOf, registered, row } from "./leases.js"
import { longer, most, silence } from "./leases.js"
import type { SharedTests } from "./sharedLayer.js"

export const claims = <R>(it: SharedTests<ProcessLease | R>["effect"], elapse: Elapse<R>): void => {
  it("hands out a greater epoch with each claim, and a token of its own", () =>
    Effect.gen(function* () {
      const process = yield* registered()
      expect((yield* row(process)).epoch).toBe(0)
      const fences = [yield* claimed(process, "a"), yield* claimed(process, "a"), yield* claimed(process, "a")]
      expect(fences.map((_) => _.epoch)).toEqual([1, 2, 3])
      expect(new Set(fences.map((_) => _.token)).size).toBe(3)
      expect(fences[0]).toMatchObject({ deployment: process.deployment, index: 0, runner: "a" })
      expect(yield* row(process)).toMatchObject({ epoch: 3, runner: Option.some("a") })
    }))

  it("keeps the processes of a deployment apart", () =>
    Effect.gen(function* () {
      const process = yield* registered(2)
      yield* claimed(process, "a")
      const other = yield* claimed({ ...process, index: 1 }, "b")
      expect(other).toMatchObject({ index: 1, epoch: 1 })
      expect(yield* claimTag(process, "b")).toBe("Busy")
    }))

  it("does not rob an owner that beats, however long it lasts", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const fence = yield* claimed(process, "a")
      expect(yield* claimTag(process, "b")).toBe("Busy")
      for (const _ of [1, 2, 3, 4]) {
        yield* elapse(most)
        expect(yield* lease.beat([beatOf(fence)])).toEqual(["Held"])
        expect(yield* claimTag(process, "b")).toBe("Busy")
      }
      yield* elapse(most)
      expect(yield* claimTag(process, "b")).toBe("Busy")
      yield* lease.check(fence)
    }))

  it("lets another runner take over from an owner that has been silent, which is fenced from then on", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const old = yield* claimed(process, "a")
      yield* elapse(longer)
      const fence = yield* claimed(process, "b")
      expect(fence.epoch).toBe(old.epoch + 1)
      expect(yield* lease.beat([beatOf(old)])).toEqual(["Fenced"])
      expect(yield* Effect.flip(lease.check(old))).toBeInstanceOf(Fenced)
      yield* lease.check(fence)
      expect(yield* claimTag(process, "a")).toBe("Busy")
    }))

  it("does not let the beats of an older epoch keep the process or change what is known of it", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const old = yield* claimed(process, "a")
      const fence = yield* claimed(process, "a")
      yield* lease.beat([beatOf(fence, { starts: 2 })])
      yield* elapse(most)
      expect(yield* lease.beat([beatOf(old, { starts: 9, state: "Backoff" })])).toEqual(["Fenced"])
      expect(yield* row(process)).toMatchObject({ starts: 2, state: Option.some("Running") })
      yield* elapse(most)
      expect(yield* claimTag(process, "b")).toBe("Claimed")
    }))

  it("refuses a claim in another generation than the current one, and of what it does not know", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const answers = [
        yield* claimTag({ ...process, generation: 1 }, "a"),
        yield* claimTag({ ...process, index: 1 }, "a"),
        yield* claimTag(processOf(freshName()), "a")
      ]
      expect(answers).toEqual(["Obsolete", "Obsolete", "Obsolete"])
      yield* lease.assign(process, "a")
      expect(yield* claimTag(process, "a")).toBe("Obsolete")
      expect((yield* row(process)).epoch).toBe(0)
      expect(yield* claimTag({ ...process, generation: 1 }, "a")).toBe("Claimed")
    }))

  it("lets one of many runners win that claim at once", () =>
    Effect.gen(function* () {
      const process = yield* registered()
      const names = Array.from({ length: 20 }, (_, i) => `runner ${i}`)
      const answers = yield* Effect.forEach(names, (name) => claimTag(process, name), { concurrency: "unbounded" })
      expect(answers.filter((_) => _ === "Claimed")).toHaveLength(1)
      expect(answers.filter((_) => _ === "Busy")).toHaveLength(19)
      expect((yield* row(process)).epoch).toBe(1)
    }))

  it("never hands out an epoch twice", () =>
    Effect.gen(function* () {
      const process = yield* registered()
      const attempts = Array.from({ length: 20 })
      const fences = yield* Effect.forEach(attempts, () => claimed(process, "a"), { concurrency: "unbounded" })
      expect(fences.map((_) => _.epoch).toSorted((a, b) => a - b)).toEqual(attempts.map((_, i) => i + 1))
    }))

  it("answers beats one by one: held, superseded, fenced", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(3)
      const [held, superseded, fenced] = [
        yield* claimed(process, "a"),
        yield* claimed({ ...process, index: 1 }, "a"),
        yield* claimed({ ...process, index: 2 }, "a")
      ]
      yield* lease.assign({ ...process, index: 1 }, "b")
      yield* lease.revoke(process.deployment, 2)
      const beats = [beatOf(fenced), beatOf(held), beatOf(superseded), beatOf({ ...held, token: "forged" })]
      expect(yield* lease.beat(beats)).toEqual(["Fenced", "Held", "Superseded", "Fenced"])
      expect(yield* lease.beat([])).toEqual([])
    }))

  it("does not rob an owner that is superseded while it still beats", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const fence = yield* claimed(process, "a")
      const placed = { ...process, generation: Option.getOrThrow(yield* lease.assign(process, "b")) }
      for (const _ of [1, 2, 3]) {
        yield* elapse(most)
        expect(yield* lease.beat([beatOf(fence, { state: "Stopping" })])).toEqual(["Superseded"])
        expect(yield* claimTag(placed, "b")).toBe("Busy")
      }
      yield* lease.check(fence)
      yield* lease.release(fence)
      expect(yield* claimTag(placed, "b")).toBe("Claimed")
    }))

  it("tells what the last beat said, and how long ago it was", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      expect(yield* row(process)).toMatchObject({ state: Option.none(), sinceBeat: Option.none(), starts: 0 })
      const fence = yield* claimed(process, "a")
      const lastError = Option.some('it\'s "broken": ü')
      yield* lease.beat([beatOf(fence, { state: "Backoff", starts: 7, lastError })])
      yield* elapse("2 seconds")
      const found = yield* row(process)
      expect(found).toMatchObject({ state: Option.some("Backoff"), starts: 7, lastError })
      const age = Option.getOrThrow(found.sinceBeat)
      expect(age).toBeGreaterThanOrEqual(2000)
      expect(age).toBeLessThan(60_000)
    }))

  it("lets anybody claim at once what its owner has released", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const first = yield* claimed(process, "a")
      yield* lease.release(first)
      expect((yield* row(process)).runner).toEqual(Option.none())
      const second = yield* claimed(process, "b")
      expect(second.epoch).toBe(first.epoch + 1)
      yield* lease.release(first)
      expect(yield* claimTag(process, "c")).toBe("Busy")
      yield* lease.check(second)
    }))

  it("accepts the newest fence only", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(2)
      const fence = yield* claimed(process, "a")
      yield* lease.check(fence)
      const refused = [
        { ...fence, token: "forged" },
        { ...fence, epoch: fence.epoch + 1 },
        { ...fence, epoch: 0, token: "" },
        { ...fence, index: 1 },
        { ...fence, index: 2 },
        { ...fence, deployment: freshName() }
      ]
      for (const one of refused) {
        const error = yield* Effect.flip(lease.check(one))
        expect(error).toBeInstanceOf(Fenced)
        expect(error).toMatchObject({ deployment: one.deployment, index: one.index, epoch: one.epoch })
      }
      yield* lease.claim(process, "a", silence)
      expect(yield* Effect.flip(lease.check(fence))).toBeInstanceOf(Fenced)
    }))
}
