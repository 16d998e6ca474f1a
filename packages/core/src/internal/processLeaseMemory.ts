/** The process leases of one process's memory. Every operation is one synchronous step, so none can interleave. */
import { Clock, Duration, Effect, Option } from "effect"
import {
  type Announced,
  type Beat,
  type BeatAnswer,
  type Claim,
  DeploymentMismatch,
  type Operations,
  ProcessLeaseError,
  type Shape
} from "../Lease.js"
import { type Fence, type Fenced, fenced } from "../ProcessContext.js"
import { sameShape } from "./deploymentSettings.js"
import * as leaseEntry from "./leaseEntry.js"
import type { Entry, Known } from "./leaseEntry.js"

const { clockTolerance, fits, hosts, isFresh, newEntry, newEpoch, own, renew, reshape, rowOf, wish } = leaseEntry

export const make = (): Operations => {
  const deployments = new Map<string, Known>()
  const beats = new Map<string, { at: number; deployments: ReadonlyArray<Announced>; weight: number }>()
  const coordinators = new Map<string, { runner: string; until: number }>()

  const entries = (deployment: string): ReadonlyArray<Entry> => {
    const known = deployments.get(deployment)
    return known === undefined ? [] : known.entries.slice(0, known.shape.processes)
  }
  const mismatch = (deployment: string, asked: Shape, registered: Shape) =>
    new DeploymentMismatch({
      deployment,
      processes: asked.processes,
      registered: registered.processes,
      fingerprint: asked.fingerprint,
      registeredFingerprint: registered.fingerprint
    })
  const entryOf = (id: { readonly deployment: string; readonly index: number }): Entry | undefined =>
    entries(id.deployment)[id.index]
  const isNewest = (fence: Fence): boolean => {
    const entry = entryOf(fence)
    return entry !== undefined && entry.epoch === fence.epoch && entry.token === fence.token
  }
  const step = <A>(f: (now: number) => A): Effect.Effect<A> => Effect.map(Clock.currentTimeMillis, f)

  const concerned = (deployment: string, index?: number): ReadonlyArray<Entry> =>
    entries(deployment).filter((entry) => index === undefined || entry.index === index)

  const beatOf =
    (now: number) =>
    (beat: Beat): BeatAnswer => {
      const entry = entryOf(beat.fence)
      if (entry === undefined || !isNewest(beat.fence)) return "Fenced"
      if (entry.state !== beat.state) entry.stateAt = now
      entry.state = beat.state
      entry.starts = beat.starts
      entry.lastError = Option.orElse(beat.lastError, () => entry.lastError)
      entry.beatAt = now
      return entry.generation === beat.generation && entry.desired ? "Held" : "Superseded"
    }

  return {
    register: (deployment, processes, fingerprint = "") =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const known = deployments.get(deployment)
        const shape = { processes, fingerprint }
        if (known !== undefined) {
          return sameShape(known.shape, shape) ? Effect.void : mismatch(deployment, shape, known.shape)
        }
        const all = Array.from({ length: processes }, (_, index) => newEntry(index, true, now))
        deployments.set(deployment, { shape, changed: false, suspension: undefined, entries: all })
        return Effect.void
      }),
    list: (deployment) => step((now) => entries(deployment).map(rowOf(deployment, now))),

    claim: (process, runner, silence) =>
      step((now): Claim => {
        const entry = entryOf(process)
        if (entry === undefined || entry.generation !== process.generation || !entry.desired) {
          return { _tag: "Obsolete" }
        }
        if (!fits(deployments.get(process.deployment), process.shape)) return { _tag: "Obsolete" }
        const taken = entry.runner !== undefined && entry.runner !== runner
        if (taken && isFresh(entry.beatAt, now, silence)) return { _tag: "Busy" }
        newEpoch(entry, runner, now)
        entry.beatAt = now
        const { deployment, index } = process
        return { _tag: "Claimed", fence: { deployment, index, epoch: entry.epoch, token: entry.token, runner } }
      }),
    beat: (all) => step((now) => all.map(beatOf(now))),
    release: (fence) =>
      step((now) => {
        const entry = entryOf(fence)
        if (entry !== undefined && isNewest(fence)) own(entry, undefined, now)
      }),
    check: (fence) => Effect.suspend(() => (isNewest(fence) ? Effect.void : fenced(fence))),

    stop: (deployment, index) =>
      step((now) =>
        concerned(deployment, index).map((entry) => {
          wish(entry, false, now)
          entry.suspended = false
          return rowOf(deployment, now)(entry)
        })
      ),
    resume: (deployment, index) =>
      step((now) => {
        const known = deployments.get(deployment)
        const stopped = concerned(deployment, index).filter((entry) => !entry.desired)
        if (known !== undefined) for (const entry of stopped) renew(known, entry, now)
        return stopped.map(rowOf(deployment, now))
      }),
    restart: (deployment, index) =>
      step((now) => {
        const known = deployments.get(deployment)
        const entry = Option.fromNullable(entryOf({ deployment, index }))
        if (known !== undefined && Option.isSome(entry)) renew(known, entry.value, now)
        return Option.map(entry, rowOf(deployment, now))
      }),
    pin: (deployment, index, runner) =>
      Effect.sync(() => {
        const entry = entryOf({ deployment, index })
        if (entry !== undefined) entry.pinned = Option.getOrUndefined(runner)
      }),
    revoke: (deployment, index) =>
      step((now) => {
        const entry = entryOf({ deployment, index })
        if (entry !== undefined) newEpoch(entry, undefined, now)
      }),
    assign: (process, target) =>
      step((now) => {
        const entry = entryOf(process)
        if (entry === undefined || entry.generation !== process.generation || !entry.desired) return Option.none()
        entry.generation += 1
        entry.target = target
        entry.sentAt = now
        return Option.some(entry.generation)
      }),

    shape: (deployment) =>
      Effect.sync(() => Option.map(Option.fromNullable(deployments.get(deployment)), ({ shape }) => shape)),
    suspend: (deployment) =>
      step((now) => {
        const known = deployments.get(deployment)
        if (known !== undefined) known.suspension = { epoch: undefined }
        for (const entry of entries(deployment)) {
          if (entry.desired) entry.suspended = true
          wish(entry, false, now)
        }
      }),
    seize: (deployment) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const all = entries(deployment)
        for (const entry of all) newEpoch(entry, undefined, now)
        const [first] = all
        const suspension = deployments.get(deployment)?.suspension
        if (suspension !== undefined) suspension.epoch = first?.epoch
        return first === undefined
          ? new ProcessLeaseError({ description: `deployment ${deployment} is not known` })
          : Effect.succeed({ deployment, index: 0, epoch: first.epoch, token: first.token, runner: "" })
      }),
    reshape: (fence, from, to) =>
      Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<void, DeploymentMismatch | Fenced> => {
        const known = deployments.get(fence.deployment)
        if (known === undefined || !isNewest(fence)) return fenced(fence)
        if (!sameShape(known.shape, from)) return mismatch(fence.deployment, from, known.shape)
        reshape(known, to, now)
        return Effect.void
      }),

    announce: (runner, hosted, weight = 1) =>
      step((now) => {
        beats.set(runner, { at: now, deployments: hosted, weight })
      }),
    retract: (runner) => Effect.sync(() => void beats.delete(runner)),
    runners: (deployment, silence) =>
      step((now) => {
        // or one from before a clock stepped back would count as alive when the clock is there again
        for (const [name, { at }] of beats) if (at - now > clockTolerance) beats.delete(name)
        return [...beats]
          .filter(
            ([_, beat]) =>
              hosts(beat.deployments, deployment, deployments.get(deployment)) && isFresh(beat.at, now, silence)
          )
          .map(([name, { weight }]) => ({ name, weight }))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      }),
    coordinate: (deployment, runner, term) =>
      step((now) => {
        const current = coordinators.get(deployment)
        const length = Duration.toMillis(term)
        const held = current !== undefined && current.until > now && current.until - now <= length + clockTolerance
        if (held && current.runner !== runner) return false
        coordinators.set(deployment, { runner, until: now + length })
        return true
      }),
    resign: (deployment, runner) =>
      Effect.sync(() => {
        if (coordinators.get(deployment)?.runner === runner) coordinators.delete(deployment)
      })
  }
}
