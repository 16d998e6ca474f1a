/** The leases of a simulation: the real rules, seen by whoever records. */
import { Effect, Option } from "effect"
import type { Fence } from "../../../ProcessContext.js"
import type { Operations, ProcessRow } from "../../../Lease.js"
import type { Happening, Run, Which } from "./happenings.js"

/** Who has a process as far as the store has been told, and when it last said so. */
interface Ownership {
  owner: string | undefined
  epoch: number
  beatAt: number
}

const none: Ownership = { owner: undefined, epoch: 0, beatAt: Number.NEGATIVE_INFINITY }

export const runOf = ({ deployment, epoch, index, runner }: Fence): Run => ({ deployment, index, epoch, runner })

/** Leases that tell what takes effect in them. */
export const observed = (lease: Operations, now: () => number, record: (happening: Happening) => void): Operations => {
  const ownerships = new Map<string, Ownership>()
  const keyOf = ({ deployment, index }: Which) => `${index}/${deployment}`
  const ownershipOf = (which: Which) => ownerships.get(keyOf(which)) ?? none
  const held = (fence: Fence) => {
    const ownership = ownershipOf(fence)
    return ownership.epoch === fence.epoch ? ownership : undefined
  }

  /** What is suspended is to run when that is over, and not before. */
  const wishedToRun = (deployment: string, index: number | undefined, rows: ReadonlyArray<ProcessRow>) =>
    Effect.sync(() => {
      if (!rows.some(({ suspended }) => suspended)) record({ _tag: "Wished", deployment, index, desired: true })
    })

  return {
    ...lease,
    claim: (process, runner, silence) =>
      Effect.tap(lease.claim(process, runner, silence), (claim) =>
        Effect.sync(() => {
          if (claim._tag !== "Claimed") return
          const before = ownershipOf(process)
          const owner = before.owner === runner ? undefined : before.owner
          record({ _tag: "Claimed", run: runOf(claim.fence), owner, silentFor: now() - before.beatAt })
          ownerships.set(keyOf(process), { owner: runner, epoch: claim.fence.epoch, beatAt: now() })
        })
      ),
    beat: (beats) =>
      Effect.tap(lease.beat(beats), (answers) =>
        Effect.sync(() => {
          for (const [index, beat] of beats.entries()) {
            const ownership = held(beat.fence)
            if (ownership !== undefined && answers[index] !== "Fenced") ownership.beatAt = now()
          }
        })
      ),
    release: (fence) =>
      Effect.tap(lease.release(fence), () =>
        Effect.sync(() => {
          const ownership = held(fence)
          if (ownership !== undefined) ownership.owner = undefined
        })
      ),
    revoke: (deployment, index) =>
      Effect.tap(lease.revoke(deployment, index), () =>
        Effect.sync(() => {
          ownerships.delete(keyOf({ deployment, index }))
          record({ _tag: "Revoked", which: { deployment, index } })
        })
      ),
    seize: (deployment) =>
      Effect.tap(lease.seize(deployment), () =>
        Effect.sync(() => {
          for (const key of ownerships.keys()) if (key.endsWith(`/${deployment}`)) ownerships.delete(key)
        })
      ),
    stop: (deployment, index) =>
      Effect.tap(lease.stop(deployment, index), () =>
        Effect.sync(() => record({ _tag: "Wished", deployment, index, desired: false }))
      ),
    resume: (deployment, index) =>
      Effect.tap(lease.resume(deployment, index), (rows) => wishedToRun(deployment, index, rows)),
    restart: (deployment, index) =>
      Effect.tap(lease.restart(deployment, index), (row) => wishedToRun(deployment, index, Option.toArray(row))),
    suspend: (deployment) =>
      Effect.tap(lease.suspend(deployment), () =>
        Effect.sync(() => record({ _tag: "Wished", deployment, desired: false, held: true }))
      ),
    reshape: (fence, from, to) =>
      Effect.gen(function* () {
        yield* lease.reshape(fence, from, to)
        const { deployment } = fence
        for (const key of ownerships.keys()) if (key.endsWith(`/${deployment}`)) ownerships.delete(key)
        record({ _tag: "LetGo", deployment })
        for (const { desired, index } of yield* lease.list(deployment)) {
          if (desired) record({ _tag: "Wished", deployment, index, desired })
        }
      }),
    assign: (process, target) =>
      Effect.gen(function* () {
        const before = (yield* lease.list(process.deployment)).find((row) => row.index === process.index)
        const generation = yield* lease.assign(process, target)
        if (Option.isSome(generation)) {
          const { deployment, index } = process
          const from = before === undefined ? undefined : Option.getOrUndefined(before.target)
          record({ _tag: "Placed", which: { deployment, index }, from, to: target })
        }
        return generation
      }),
    coordinate: (deployment, runner, term) =>
      Effect.tap(lease.coordinate(deployment, runner, term), (taken) =>
        Effect.sync(() => taken && record({ _tag: "Coordinated", deployment, runner }))
      )
  }
}
