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
  type ProcessRow,
  type Shape
} from "../Lease.js"
import { type Fence, type Fenced, fenced } from "../ProcessContext.js"
import { sameShape } from "./deploymentSettings.js"

interface Entry {
  readonly index: number
  generation: number
  desired: boolean
  suspended: boolean
  target: string | undefined
  epoch: number
  token: string
  runner: string | undefined
  beat: Beat | undefined
  beatAt: number | undefined
  sentAt: number | undefined
}

interface Known {
  shape: Shape
  /** Whether it was registered in another shape before. */
  changed: boolean
  /** Also those of earlier shapes: no epoch and no generation is given twice. */
  readonly entries: Array<Entry>
}

const newEntry = (index: number, desired: boolean): Entry => ({
  index,
  generation: 0,
  desired,
  suspended: false,
  target: undefined,
  epoch: 0,
  token: "",
  runner: undefined,
  beat: undefined,
  beatAt: undefined,
  sentAt: undefined
})

/** How far in the future a time may lie before it counts as one from before a clock stepped back. */
const clockTolerance = 3000

const isFresh = (at: number | undefined, now: number, silence: Duration.Duration): boolean =>
  at !== undefined && now - at <= Duration.toMillis(silence) && at - now <= clockTolerance

export const make = (): Operations => {
  const deployments = new Map<string, Known>()
  const beats = new Map<string, { at: number; deployments: ReadonlyArray<Announced> }>()
  const coordinators = new Map<string, { runner: string; until: number }>()

  const entries = (deployment: string): Array<Entry> => {
    const known = deployments.get(deployment)
    return known === undefined ? [] : known.entries.slice(0, known.shape.processes)
  }
  /** Whether the registered shape is the one that is meant. */
  const fits = (deployment: string, shape: Shape | undefined): boolean => {
    const known = deployments.get(deployment)
    if (known === undefined) return true
    return shape === undefined ? !known.changed : sameShape(known.shape, shape)
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
  const age = (at: number | undefined, now: number): Option.Option<number> =>
    Option.map(Option.fromNullable(at), (_) => (_ - now > clockTolerance ? Number.POSITIVE_INFINITY : now - _))

  const hostsIn = (announced: ReadonlyArray<Announced>, deployment: string): boolean =>
    announced.some((one) => one.deployment === deployment && fits(deployment, one.shape))

  const rowOf =
    (deployment: string, now: number) =>
    (entry: Entry): ProcessRow => ({
      deployment,
      index: entry.index,
      generation: entry.generation,
      desired: entry.desired,
      target: Option.fromNullable(entry.target),
      epoch: entry.epoch,
      runner: Option.fromNullable(entry.runner),
      state: Option.map(Option.fromNullable(entry.beat), (_) => _.state),
      starts: entry.beat?.starts ?? 0,
      lastError: Option.flatMap(Option.fromNullable(entry.beat), (_) => _.lastError),
      sinceBeat: age(entry.beatAt, now),
      sinceSent: age(entry.sentAt, now)
    })

  const newEpoch = (entry: Entry): void => {
    entry.epoch += 1
    entry.token = globalThis.crypto.randomUUID()
  }

  const beatOf =
    (now: number) =>
    (beat: Beat): BeatAnswer => {
      const entry = entryOf(beat.fence)
      if (entry === undefined || !isNewest(beat.fence)) return "Fenced"
      entry.beat = beat
      entry.beatAt = now
      return entry.generation === beat.generation && entry.desired ? "Held" : "Superseded"
    }

  return {
    register: (deployment, processes, fingerprint = "") =>
      Effect.suspend(() => {
        const known = deployments.get(deployment)
        const shape = { processes, fingerprint }
        if (known !== undefined) {
          return sameShape(known.shape, shape) ? Effect.void : mismatch(deployment, shape, known.shape)
        }
        const all = Array.from({ length: processes }, (_, index) => newEntry(index, true))
        deployments.set(deployment, { shape, changed: false, entries: all })
        return Effect.void
      }),
    list: (deployment) => step((now) => entries(deployment).map(rowOf(deployment, now))),

    claim: (process, runner, silence) =>
      step((now): Claim => {
        const entry = entryOf(process)
        if (entry === undefined || entry.generation !== process.generation || !entry.desired) {
          return { _tag: "Obsolete" }
        }
        if (!fits(process.deployment, process.shape)) return { _tag: "Obsolete" }
        const taken = entry.runner !== undefined && entry.runner !== runner
        if (taken && isFresh(entry.beatAt, now, silence)) return { _tag: "Busy" }
        newEpoch(entry)
        entry.runner = runner
        entry.beatAt = now
        const { deployment, index } = process
        return { _tag: "Claimed", fence: { deployment, index, epoch: entry.epoch, token: entry.token, runner } }
      }),
    beat: (all) => step((now) => all.map(beatOf(now))),
    release: (fence) =>
      Effect.sync(() => {
        const entry = entryOf(fence)
        if (entry !== undefined && isNewest(fence)) entry.runner = undefined
      }),
    check: (fence) => Effect.suspend(() => (isNewest(fence) ? Effect.void : fenced(fence))),

    stop: (deployment) =>
      step((now) => {
        for (const entry of entries(deployment)) {
          entry.desired = false
          entry.suspended = false
        }
        return entries(deployment).map(rowOf(deployment, now))
      }),
    resume: (deployment) =>
      Effect.sync(() => {
        for (const entry of entries(deployment)) {
          if (entry.desired) continue
          entry.desired = true
          entry.generation += 1
          entry.sentAt = undefined
        }
      }),
    revoke: (deployment, index) =>
      Effect.sync(() => {
        const entry = entryOf({ deployment, index })
        if (entry === undefined) return
        newEpoch(entry)
        entry.runner = undefined
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
      Effect.sync(() => Option.map(Option.fromNullable(deployments.get(deployment)), (_) => _.shape)),
    suspend: (deployment) =>
      Effect.sync(() => {
        for (const entry of entries(deployment)) {
          if (entry.desired) entry.suspended = true
          entry.desired = false
        }
      }),
    seize: (deployment) =>
      Effect.suspend(() => {
        const all = entries(deployment)
        for (const entry of all) {
          newEpoch(entry)
          entry.runner = undefined
        }
        const [first] = all
        return first === undefined
          ? new ProcessLeaseError({ description: `deployment ${deployment} is not known` })
          : Effect.succeed({ deployment, index: 0, epoch: first.epoch, token: first.token, runner: "" })
      }),
    reshape: (fence, from, to) =>
      Effect.suspend((): Effect.Effect<void, DeploymentMismatch | Fenced> => {
        const { deployment } = fence
        const known = deployments.get(deployment)
        if (known === undefined || !isNewest(fence)) return fenced(fence)
        if (!sameShape(known.shape, from)) return mismatch(deployment, from, known.shape)
        const desired = entries(deployment).some((entry) => entry.desired || entry.suspended)
        for (let i = known.entries.length; i < to.processes; i++) known.entries.push(newEntry(i, desired))
        for (const entry of known.entries) {
          newEpoch(entry)
          entry.generation += 1
          entry.desired = entry.index < from.processes ? entry.desired || entry.suspended : desired
          entry.suspended = false
          entry.target = undefined
          entry.runner = undefined
          entry.beat = undefined
          entry.beatAt = undefined
          entry.sentAt = undefined
        }
        known.changed = known.changed || !sameShape(from, to)
        known.shape = to
        return Effect.void
      }),

    announce: (runner, hosted) =>
      step((now) => {
        beats.set(runner, { at: now, deployments: hosted })
      }),
    retract: (runner) => Effect.sync(() => void beats.delete(runner)),
    runners: (deployment, silence) =>
      step((now) =>
        [...beats]
          .filter(([_, beat]) => hostsIn(beat.deployments, deployment) && isFresh(beat.at, now, silence))
          .map(([runner]) => runner)
          .toSorted()
      ),
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
