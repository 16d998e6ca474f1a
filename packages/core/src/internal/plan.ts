/**
 * What the coordinator of a deployment does next, decided from what the lease says. Pure; time is an argument.
 *
 * - never sent: send;
 * - its runner is gone: move now, without asking it;
 * - misplaced, and the set of live runners stable for a while: stop there, then move;
 * - silent although sent, or without an owner: send again; twice: move away and avoid that runner for a while, each
 *   time twice as long.
 */
import { Duration, Option } from "effect"
import type { ProcessRow } from "../Lease.js"
import * as Placement from "./placement.js"

/** How long the set of live runners must have been the same before a process that runs well is moved. */
const settleTime = Duration.seconds(3)
/** The same for a process that runs nowhere yet: long enough for a fleet to come up together. */
const freshSettleTime = Duration.seconds(1)
/** How long a process may show no sign of life, after it was sent and after it last beat. */
const processSilence = Duration.seconds(6)
/** How long a process may have no owner after it was sent: its runner gave it up, or never took it. */
const ownerless = Duration.seconds(3)
/** How long a runner that twice did not start a process is avoided at first. */
const firstAvoidance = Duration.seconds(60)

export interface Action {
  readonly row: ProcessRow
  readonly to: string
  readonly why: "fresh" | "dead" | "move" | "silent"
}

/** What the coordinator remembers of a process between passes. */
export interface Memory {
  /** How often in a row it was silent. */
  readonly silences: number
  /** Runners it avoids: until when (milliseconds since the epoch), and for how long the last time. */
  readonly avoided: ReadonlyMap<string, { readonly until: number; readonly length: Duration.Duration }>
}

export const nothingKnown: Memory = { silences: 0, avoided: new Map() }

const isOlderThan = (age: Option.Option<number>, limit: Duration.Duration): boolean =>
  Option.match(age, { onNone: () => true, onSome: (_) => _ > Duration.toMillis(limit) })

const isSilent = (row: ProcessRow): boolean =>
  (isOlderThan(row.sinceBeat, processSilence) && isOlderThan(row.sinceSent, processSilence)) ||
  (Option.isNone(row.runner) && isOlderThan(row.sinceSent, ownerless))

/** The memory of a process after looking at it: a beating one forgives, a second silence avoids its runner. */
export const remember = (memory: Memory, row: ProcessRow, now: number): Memory => {
  if (!row.desired || Option.isNone(row.sinceSent)) return { ...memory, silences: 0 }
  if (!isSilent(row)) {
    return isOlderThan(row.sinceBeat, processSilence) ? memory : { ...memory, silences: 0 }
  }
  if (memory.silences === 0) return { ...memory, silences: 1 }
  return Option.match(row.target, {
    onNone: () => memory,
    onSome: (target) => {
      const before = memory.avoided.get(target)
      const length = before === undefined ? firstAvoidance : Duration.times(before.length, 2)
      const avoided = new Map(memory.avoided).set(target, { until: now + Duration.toMillis(length), length })
      return { silences: 0, avoided }
    }
  })
}

const avoidedNow = (memory: Memory, now: number): ReadonlySet<string> =>
  new Set([...memory.avoided].filter(([_, { until }]) => until > now).map(([runner]) => runner))

export const plan = (
  rows: ReadonlyArray<ProcessRow>,
  memories: ReadonlyMap<number, Memory>,
  live: { readonly runners: ReadonlyArray<string>; readonly stableFor: Duration.Duration },
  now: number
): ReadonlyArray<Action> => {
  const desired = rows.filter((row) => row.desired)
  const isLive = (runner: string) => live.runners.includes(runner)
  const targets = Placement.balance(
    desired.map((row) => ({
      index: row.index,
      at: Option.filter(row.target, isLive),
      avoid: avoidedNow(memories.get(row.index) ?? nothingKnown, now)
    })),
    live.runners
  )
  const settled = Duration.greaterThanOrEqualTo(live.stableFor, settleTime)
  const comeUp = Duration.greaterThanOrEqualTo(live.stableFor, freshSettleTime)
  return desired.flatMap((row): ReadonlyArray<Action> => {
    const to = targets.get(row.index)
    if (to === undefined) return []
    if (Option.isNone(row.sinceSent)) return comeUp ? [{ row, to, why: "fresh" }] : []
    if (!Option.exists(row.target, isLive)) return [{ row, to, why: "dead" }]
    if (isSilent(row)) return [{ row, to, why: "silent" }]
    return settled && !Option.contains(row.target, to) ? [{ row, to, why: "move" }] : []
  })
}
