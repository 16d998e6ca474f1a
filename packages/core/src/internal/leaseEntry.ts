/** A process as a lease in memory keeps it, and the steps by which it changes. */
import { Duration, Option } from "effect"
import type { Announced, Beat, ProcessRow, Shape } from "../Lease.js"
import { sameShape } from "./deploymentSettings.js"

export interface Entry {
  readonly index: number
  generation: number
  desired: boolean
  desiredAt: number
  suspended: boolean
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

export const newEntry = (index: number, desired: boolean, now: number): Entry => ({
  index,
  generation: 0,
  desired,
  desiredAt: now,
  suspended: false,
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
})

/** A deployment that was registered. */
export interface Known {
  shape: Shape
  /** Whether it was registered in another shape before. */
  changed: boolean
  /** Since it is suspended: the epoch that was seized of its first process, or none yet. */
  suspension: { epoch: number | undefined } | undefined
  /** Also those of earlier shapes: no epoch and no generation is given twice. */
  readonly entries: Array<Entry>
}

/** Whether a shape is the registered one. Who knows of no shapes means the one that was registered first. */
export const fits = (known: Known | undefined, shape: Shape | undefined): boolean => {
  if (known === undefined) return true
  return shape === undefined ? !known.changed : sameShape(known.shape, shape)
}

/** Whether it is suspended, by somebody whose fence has not been revoked since. */
const isHeld = ({ entries, suspension }: Known): boolean =>
  suspension !== undefined && (suspension.epoch === undefined || suspension.epoch === entries[0]?.epoch)

export const hosts = (announced: ReadonlyArray<Announced>, deployment: string, known: Known | undefined): boolean =>
  announced.some((one) => one.deployment === deployment && fits(known, one.shape))

/** Registers another shape: every process is new, and fenced. */
export const reshape = (known: Known, to: Shape, now: number): void => {
  const { entries, shape } = known
  const isDesired = (entry: Entry) => entry.desired || entry.suspended
  const desired = entries.slice(0, shape.processes).some(isDesired)
  for (let i = entries.length; i < to.processes; i++) entries.push(newEntry(i, desired, now))
  for (const entry of entries) {
    newEpoch(entry, undefined, now)
    wish(entry, entry.index < shape.processes ? isDesired(entry) : desired, now)
    entry.suspended = false
    entry.generation += 1
    entry.target = undefined
    entry.state = undefined
    entry.starts = 0
    entry.lastError = Option.none()
    entry.beatAt = undefined
    entry.sentAt = undefined
  }
  known.suspension = undefined
  known.changed = known.changed || !sameShape(shape, to)
  known.shape = to
}

/** How far in the future a time may lie before it counts as one from before a clock stepped back. */
export const clockTolerance = 3000

export const isFresh = (at: number | undefined, now: number, silence: Duration.Duration): boolean =>
  at !== undefined && now - at <= Duration.toMillis(silence) && at - now <= clockTolerance

const age = (at: number | undefined, now: number): Option.Option<number> =>
  Option.map(Option.fromNullable(at), (_) => (_ - now > clockTolerance ? Number.POSITIVE_INFINITY : now - _))

export const rowOf =
  (deployment: string, now: number) =>
  (entry: Entry): ProcessRow => ({
    deployment,
    index: entry.index,
    generation: entry.generation,
    desired: entry.desired,
    suspended: entry.suspended,
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

export const own = (entry: Entry, runner: string | undefined, now: number): void => {
  entry.runner = runner
  entry.stateAt = now
  if (runner !== undefined) entry.state = "Running"
}
export const newEpoch = (entry: Entry, runner: string | undefined, now: number): void => {
  entry.epoch += 1
  entry.token = globalThis.crypto.randomUUID()
  own(entry, runner, now)
}
export const wish = (entry: Entry, desired: boolean, now: number): void => {
  if (entry.desired !== desired) entry.desiredAt = now
  entry.desired = desired
}
/** Wishes it running in a new generation; where its deployment is suspended, when that is over. */
export const renew = (known: Known, entry: Entry, now: number): void => {
  entry.suspended = isHeld(known)
  wish(entry, !entry.suspended, now)
  entry.generation += 1
  entry.sentAt = undefined
}
