/** The part of `ProcessLeaseSuite` about the shapes of deployments: who may host one, and how it gets another. */
import { expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { DeploymentMismatch } from "../../Lease.js"
import { Fenced } from "../../ProcessContext.js"
import { ProcessLease } from "../../ProcessLease.js"
import {
  beatOf,
  claimed,
  claimTag,
  freshName,
  hosting,
  processOf,
  registered,
  reshaped,
  shape,
  silence
} from "./leases.js"
import type { SharedTests } from "./sharedLayer.js"

export const shapes = <R>(it: SharedTests<ProcessLease | R>["effect"]): void => {
  it("refuses another fingerprint under a known name, and says which", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const deployment = freshName()
      expect(yield* lease.shape(deployment)).toEqual(Option.none())
      yield* lease.register(deployment, 2, "new")
      yield* lease.register(deployment, 2, "new")
      expect(yield* lease.shape(deployment)).toEqual(Option.some(shape(2, "new")))
      const error = yield* Effect.flip(lease.register(deployment, 2, "newer"))
      expect(error).toBeInstanceOf(DeploymentMismatch)
      expect(error.message).toMatch(/"new" .*"newer"/)
    }))

  it("gives a process to hosts of the registered shape only", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(2)
      for (const other of [shape(3), shape(1), shape(2, "other")]) {
        expect(yield* claimTag({ ...process, shape: other }, "a")).toBe("Obsolete")
      }
      expect(yield* claimTag({ ...process, shape: shape(2) }, "a")).toBe("Claimed")
      const names = Effect.map(lease.runners(process.deployment, silence), (found) => found.map(({ name }) => name))
      yield* lease.announce("a", [{ deployment: process.deployment, shape: shape(2) }])
      yield* lease.announce("b", [{ deployment: process.deployment, shape: shape(3) }])
      yield* lease.announce("c", [
        { deployment: freshName() },
        { deployment: process.deployment, shape: shape(2, "x") }
      ])
      yield* lease.announce("d", [{ deployment: freshName(), shape: shape(7) }, ...hosting(process.deployment)])
      expect(yield* names).toEqual(["a", "d"])
      yield* reshaped(process.deployment, shape(2), shape(3))
      expect(yield* names).toEqual(["b"])
    }))

  for (const [what, to] of [
    ["more processes", shape(4)],
    ["fewer processes", shape(1)],
    ["other code", shape(2, "new")]
  ] as const) {
    it(`gives a deployment ${what}, in a new generation, and fences the old ones`, () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease
        const process = yield* registered(2)
        const { deployment } = process
        const fences = [yield* claimed(process, "a"), yield* claimed(processOf(deployment, 1), "b")]
        yield* reshaped(deployment, shape(2), to)
        expect(yield* lease.shape(deployment)).toEqual(Option.some(to))
        const rows = yield* lease.list(deployment)
        expect(rows.map(({ index }) => index)).toEqual(Array.from({ length: to.processes }, (_, i) => i))
        for (const row of rows) {
          expect(row).toMatchObject({ desired: true, target: Option.none(), runner: Option.none() })
          expect(row.sinceSent).toEqual(Option.none())
          expect(row.generation).toBeGreaterThan(0)
        }
        expect(yield* lease.beat(fences.map((fence) => beatOf(fence)))).toEqual(["Fenced", "Fenced"])
        for (const fence of fences) expect(yield* Effect.flip(lease.check(fence))).toBeInstanceOf(Fenced)
        const next = processOf(deployment, 0, rows[0]?.generation)
        expect(yield* claimTag(process, "a")).toBe("Obsolete")
        expect(yield* claimTag({ ...next, shape: shape(2) }, "a")).toBe("Obsolete")
        // a host that knows of no shapes
        expect(yield* claimTag(next, "a")).toBe("Obsolete")
        expect((yield* claimed({ ...next, shape: to }, "a")).epoch).toBeGreaterThan(fences[0]?.epoch ?? 0)
        expect((yield* Effect.flip(lease.register(deployment, 2)))._tag).toBe("DeploymentMismatch")
        yield* lease.register(deployment, to.processes, to.fingerprint)
      }))
  }

  it("gives no epoch and no generation twice to a process that goes and comes again", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const { deployment } = yield* registered(3)
      const third = processOf(deployment, 2)
      yield* lease.assign(third, "a")
      yield* lease.assign({ ...third, generation: 1 }, "b")
      const fence = yield* claimed({ ...third, generation: 2 }, "b")
      yield* reshaped(deployment, shape(3), shape(1))
      expect((yield* Effect.flip(lease.check(fence)))._tag).toBe("Fenced")
      expect(yield* claimTag({ ...third, generation: 3, shape: shape(1) }, "b")).toBe("Obsolete")
      yield* reshaped(deployment, shape(1), shape(3))
      const row = (yield* lease.list(deployment))[2]
      expect(row?.generation).toBeGreaterThan(2)
      const again = yield* claimed({ ...third, generation: row?.generation ?? 0, shape: shape(3) }, "c")
      expect(again.epoch).toBeGreaterThan(fence.epoch)
      expect(yield* lease.beat([beatOf(fence)])).toEqual(["Fenced"])
    }))

  it("reshapes under the fence that it gave last, and from the shape that is registered", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(2)
      const { deployment } = process
      const first = yield* lease.seize(deployment)
      const second = yield* lease.seize(deployment)
      yield* lease.check(second)
      expect((yield* Effect.flip(lease.reshape(first, shape(2), shape(3))))._tag).toBe("Fenced")
      const error = yield* Effect.flip(lease.reshape(second, shape(4), shape(3)))
      expect(error).toMatchObject({ _tag: "DeploymentMismatch", processes: 4, registered: 2 })
      const owner = yield* claimed(process, "a")
      expect((yield* Effect.flip(lease.reshape(second, shape(2), shape(3))))._tag).toBe("Fenced")
      yield* lease.check(owner)
      expect(yield* lease.shape(deployment)).toEqual(Option.some(shape(2)))
      // whoever was let in again in between is fenced with the rest
      const third = yield* lease.seize(deployment)
      const other = yield* claimed(processOf(deployment, 1), "b")
      yield* lease.reshape(third, shape(2), shape(3))
      expect((yield* Effect.flip(lease.check(other)))._tag).toBe("Fenced")
      expect((yield* Effect.flip(lease.seize(freshName())))._tag).toBe("ProcessLeaseError")
    }))
}
