/** The process leases of one process's memory. Every operation is one synchronous step, so none can interleave. */
import { Clock, Duration, Effect, Option } from "effect"
import {
  type Beat,
  type BeatAnswer,
  type Claim,
  DeploymentMismatch,
  type Operations,
  type ProcessRow
} from "../Lease.js"
import { type Fence, fenced } from "../ProcessContext.js"

interface Entry {
  readonly index: number
  generation: number
  desired: boolean
  desiredAt: number
  target: string | undefined
  pinned: string | undefined
  epoch: number
  token: string
  runner: string | undefined
  state: Beat["state"] | undefined
  stateAt: number | undefined
  starts: number
  lastError: Option.Option<string>
  beatAt: number | undefined
  sentAt: number | undefined
}

/** How far in the future a time may lie before it counts as one from before a clock stepped back. */
const clockTolerance = 3000

const isFresh = (at: number | undefined, now: number, silence: Duration.Duration): boolean =>
  at !== undefined && now - at <= Duration.toMillis(silence) && at - now <= clockTolerance

export const make = (): Operations => {
  const deployments = new Map<string, Array<Entry>>()
  const beats = new Map<string, { at: number; deployments: ReadonlyArray<string>; weight: number }>()
  const coordinators = new Map<string, { runner: string; until: number }>()

  const entries = (deployment: string): Array<Entry> => deployments.get(deployment) ?? []
  const entryOf = (id: { readonly deployment: string; readonly index: number }): Entry | undefined =>
    entries(id.deployment)[id.index]
  const isNewest = (fence: Fence): boolean => {
    const entry = entryOf(fence)
    return entry !== undefined && entry.epoch === fence.epoch && entry.token === fence.token
  }
  const step = <A>(f: (now: number) => A): Effect.Effect<A> => Effect.map(Clock.currentTimeMillis, f)
  const age = (at: number | undefined, now: number): Option.Option<number> =>
    Option.map(Option.fromNullable(at), (_) => (_ - now > clockTolerance ? Number.POSITIVE_INFINITY : now - _))

  const rowOf =
    (deployment: string, now: number) =>
    (entry: Entry): ProcessRow => ({
      deployment,
      index: entry.index,
      generation: entry.generation,
      desired: entry.desired,
      target: Option.fromNullable(entry.target),
      pinned: Option.fromNullable(entry.pinned),
      epoch: entry.epoch,
      runner: Option.fromNullable(entry.runner),
      state: Option.fromNullable(entry.state),
      starts: entry.starts,
      lastError: entry.lastError,
      sinceBeat: age(entry.beatAt, now),
      sinceSent: age(entry.sentAt, now),
      sinceDesired: Option.getOrElse(age(entry.desiredAt, now), () => 0),
      sinceState: age(entry.stateAt, now)
    })

  const own = (entry: Entry, runner: string | undefined, now: number): void => {
    entry.runner = runner
    entry.stateAt = now
    if (runner !== undefined) entry.state = "Running"
  }
  const newEpoch = (entry: Entry, runner: string | undefined, now: number): void => {
    entry.epoch += 1
    entry.token = globalThis.crypto.randomUUID()
    own(entry, runner, now)
  }
  const wish = (entry: Entry, desired: boolean, now: number): void => {
    if (entry.desired !== desired) entry.desiredAt = now
    entry.desired = desired
  }
  const renew = (entry: Entry, now: number): void => {
    wish(entry, true, now)
    entry.generation += 1
    entry.sentAt = undefined
  }
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
    register: (deployment, processes) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const known = deployments.get(deployment)
        if (known !== undefined) {
          return known.length === processes
            ? Effect.void
            : new DeploymentMismatch({ deployment, processes, registered: known.length })
        }
        deployments.set(
          deployment,
          Array.from({ length: processes }, (_, index) => ({
            index,
            generation: 0,
            desired: true,
            desiredAt: now,
            target: undefined,
            pinned: undefined,
            epoch: 0,
            token: "",
            runner: undefined,
            state: undefined,
            stateAt: undefined,
            starts: 0,
            lastError: Option.none(),
            beatAt: undefined,
            sentAt: undefined
          }))
        )
        return Effect.void
      }),
    list: (deployment) => step((now) => entries(deployment).map(rowOf(deployment, now))),

    claim: (process, runner, silence) =>
      step((now): Claim => {
        const entry = entryOf(process)
        if (entry === undefined || entry.generation !== process.generation || !entry.desired) {
          return { _tag: "Obsolete" }
        }
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
          return rowOf(deployment, now)(entry)
        })
      ),
    resume: (deployment, index) =>
      step((now) => {
        const stopped = concerned(deployment, index).filter((entry) => !entry.desired)
        for (const entry of stopped) renew(entry, now)
        return stopped.map(rowOf(deployment, now))
      }),
    restart: (deployment, index) =>
      step((now) => {
        const entry = Option.fromNullable(entryOf({ deployment, index }))
        if (Option.isSome(entry)) renew(entry.value, now)
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

    announce: (runner, hosted, weight = 1) =>
      step((now) => {
        beats.set(runner, { at: now, deployments: hosted, weight })
      }),
    retract: (runner) => Effect.sync(() => void beats.delete(runner)),
    runners: (deployment, silence) =>
      step((now) =>
        [...beats]
          .filter(([_, beat]) => beat.deployments.includes(deployment) && isFresh(beat.at, now, silence))
          .map(([name, { weight }]) => ({ name, weight }))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
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
