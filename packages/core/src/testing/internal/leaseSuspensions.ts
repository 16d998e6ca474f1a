/** The part of `ProcessLeaseSuite` about suspended deployments: what is wished of one, and when that is so. */
import { expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { ProcessLease } from "../../ProcessLease.js"
import { beatOf, claimed, claimTag, processOf, registered, reshaped, row, shape } from "./leases.js"
import type { SharedTests } from "./sharedLayer.js"

export const suspensions = <R>(it: SharedTests<ProcessLease | R>["effect"]): void => {
  it("suspends what is desired until the deployment is reshaped, and leaves stopped what was stopped", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const [running, stopped] = [yield* registered(2), yield* registered(2)]
      const fence = yield* claimed(running, "a")
      yield* lease.stop(stopped.deployment)
      for (const { deployment } of [running, stopped]) {
        yield* lease.suspend(deployment)
        yield* lease.suspend(deployment)
        expect((yield* lease.list(deployment)).map(({ desired }) => desired)).toEqual([false, false])
      }
      expect(yield* lease.beat([beatOf(fence)])).toEqual(["Superseded"])
      for (const { deployment } of [running, stopped]) {
        yield* lease.reshape(yield* lease.seize(deployment), shape(2), shape(3))
      }
      const desired = ({ deployment }: { readonly deployment: string }) =>
        Effect.map(lease.list(deployment), (rows) => rows.map((_) => _.desired))
      expect(yield* desired(running)).toEqual([true, true, true])
      expect(yield* desired(stopped)).toEqual([false, false, false])
      yield* lease.suspend(running.deployment)
      yield* lease.stop(running.deployment)
      yield* reshaped(running.deployment, shape(3), shape(2))
      expect(yield* desired(running)).toEqual([false, false])
    }))

  it("lets run after the suspension what was resumed or restarted during it, and not before", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(4)
      const { deployment } = process
      yield* lease.stop(deployment, 1)
      yield* lease.stop(deployment, 2)
      yield* lease.suspend(deployment)
      const wishes = (when: string) =>
        Effect.gen(function* () {
          yield* lease.resume(deployment, 1)
          const resumed = yield* lease.resume(deployment)
          const restarted = Option.toArray(yield* lease.restart(deployment, 3))
          const rows = yield* lease.list(deployment)
          for (const one of [...resumed, ...restarted, ...rows]) {
            expect([when, one.desired, one.suspended]).toEqual([when, false, true])
            const { generation, index } = one
            expect(yield* claimTag({ deployment, generation, index }, "a")).toBe("Obsolete")
            expect(yield* lease.assign({ deployment, generation, index }, "a")).toEqual(Option.none())
          }
        })
      yield* wishes("suspended")
      const fence = yield* lease.seize(deployment)
      yield* wishes("seized")
      yield* lease.check(fence)
      yield* lease.stop(deployment, 2)
      yield* lease.reshape(fence, shape(4), shape(4))
      const rows = yield* lease.list(deployment)
      expect(rows.map(({ desired, suspended }) => [desired, suspended])).toEqual([
        [true, false],
        [true, false],
        [false, false],
        [true, false]
      ])
      // what is wished now is so at once
      expect(yield* lease.resume(deployment)).toMatchObject([{ index: 2, desired: true, suspended: false }])
      yield* claimed(processOf(deployment, 3, rows[3]?.generation), "a")
    }))

  it("is over for what is wished after the fence of who suspended has been revoked, as the kill switch does", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered(2)
      const { deployment } = process
      yield* lease.suspend(deployment)
      // nobody has seized it yet: whoever suspended it goes on
      yield* lease.revoke(deployment, 0)
      yield* lease.resume(deployment)
      expect(yield* row(process)).toMatchObject({ desired: false, suspended: true })
      const fence = yield* lease.seize(deployment)
      yield* lease.stop(deployment)
      yield* lease.revoke(deployment, 0)
      expect(yield* lease.resume(deployment)).toMatchObject([{ desired: true }, { desired: true }])
      expect((yield* Effect.flip(lease.reshape(fence, shape(2), shape(2))))._tag).toBe("Fenced")
      yield* claimed(processOf(deployment, 1, (yield* row(processOf(deployment, 1))).generation), "a")
      // and who suspends it anew holds it again
      yield* lease.suspend(deployment)
      yield* lease.resume(deployment)
      expect(yield* row(process)).toMatchObject({ desired: false, suspended: true })
    }))

  it("goes on for who suspended last, where there are two", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease
      const process = yield* registered()
      const { deployment } = process
      yield* lease.suspend(deployment)
      const first = yield* lease.seize(deployment)
      yield* lease.suspend(deployment)
      yield* lease.resume(deployment)
      const second = yield* lease.seize(deployment)
      expect((yield* Effect.flip(lease.reshape(first, shape(1), shape(1))))._tag).toBe("Fenced")
      expect((yield* Effect.flip(lease.reshape(second, shape(3), shape(1))))._tag).toBe("DeploymentMismatch")
      yield* lease.resume(deployment)
      expect(yield* row(process)).toMatchObject({ desired: false, suspended: true })
      yield* lease.reshape(second, shape(1), shape(1))
      expect(yield* row(process)).toMatchObject({ desired: true, suspended: false })
    }))
}
