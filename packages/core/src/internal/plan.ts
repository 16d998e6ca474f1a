/**
 * What the coordinator of a deployment does next, decided from what the lease says. Pure; time is an argument.
 *
 * - never sent: send;
 * - its runner is gone: move now, without asking it;
 * - misplaced, and the set of live runners stable for a while: stop there, then move;
 * - silent although sent, or without an owner: send again; twice: move away and avoid that runner for a while, each
 *   time twice as long, until a run there lasts. It avoids nobody for want of another: of runners that are all avoided it
 *   takes the one whose time is up first.
 *
 * A process that is pinned to a live runner belongs there, and the balance of the others counts it.
 */
import { Duration, Option } from "effect"
import type { ProcessRow, Runner } from "../Lease.js"
import { silence as usual } from "./deploymentSettings.js"
import * as Placement from "./placement.js"

/** How long the set of live runners must have been the same before a process that runs well is moved. */
const settleTime = Duration.seconds(3)
/** The same for a process that runs nowhere yet: long enough for a fleet to come up together. */
const freshSettleTime = Duration.seconds(1)
/**
 * A process that shows no sign of life for so many times as long as its owner may be silent is silent itself: after it
 * was sent and after it last beat.
 */
const silences = 2
/**
 * How long a process may have no owner after it was sent: its runner gave it up, or never took it. The runner may look
 * for messages only once a second, and its claim may wait 3.5 s for transactions that hold the fence.
 */
const ownerless = Duration.seconds(5)
/** How long a runner that twice did not start a process is avoided at first. */
const firstAvoidance = Duration.seconds(60)
/** How long a run must last for its runner not to be avoided any more. */
const healthyRun = Duration.minutes(1)

export interface Action {
  readonly row: ProcessRow
  readonly to: string
  readonly why: "fresh" | "dead" | "move" | "silent"
}

/** What the coordinator remembers of a process between passes. */
export interface Memory {
  /** How often in a row it was silent, and the generation that was counted last: every sending counts once. */
  readonly silences: number
  readonly silentIn: number | undefined
  /** Runners it avoids: until when (milliseconds since the epoch), and for how long the last time. */
  readonly avoided: ReadonlyMap<string, { readonly until: number; readonly length: Duration.Duration }>
  /** The run that it was last seen in, by its epoch, and since when. */
  readonly run: { readonly epoch: number; readonly since: number } | undefined
}

export const nothingKnown: Memory = { silences: 0, silentIn: undefined, avoided: new Map(), run: undefined }

/** The memory of a process of which a silence was none after all. */
export const forgiven = (memory: Memory): Memory => ({ ...memory, silences: 0, silentIn: undefined })

const isOlderThan = (age: Option.Option<number>, limit: Duration.Duration): boolean =>
  Option.match(age, { onNone: () => true, onSome: (_) => _ > Duration.toMillis(limit) })

const isQuiet = (age: Option.Option<number>, silence: Duration.Duration): boolean =>
  isOlderThan(age, Duration.times(silence, silences))

const isSilent = (row: ProcessRow, silence: Duration.Duration): boolean =>
  (isQuiet(row.sinceBeat, silence) && isQuiet(row.sinceSent, silence)) ||
  (Option.isNone(row.runner) && isOlderThan(row.sinceSent, ownerless))

/**
 * The memory of a process after looking at it: a beating one forgives, a second silence avoids its runner. `silence` is
 * how long an owner may be silent.
 */
export const remember = (memory: Memory, row: ProcessRow, now: number, silence: Duration.Duration = usual): Memory => {
  if (!row.desired || Option.isNone(row.sinceSent)) return { ...memory, silences: 0 }
  if (isSilent(row, silence)) return afterSilence(memory, row, now)
  if (Option.isNone(row.runner) || isQuiet(row.sinceBeat, silence)) return memory
  if (!Option.contains(row.state, "Running")) return { ...memory, silences: 0 }
  return afterRunning(memory, row, row.runner.value, now)
}

const afterSilence = (memory: Memory, row: ProcessRow, now: number): Memory => {
  if (memory.silentIn === row.generation) return memory
  const counted = { ...memory, silences: memory.silences + 1, silentIn: row.generation, run: undefined }
  if (counted.silences < 2 || Option.isNone(row.target)) return counted
  return { ...counted, silences: 0, avoided: avoiding(memory.avoided, row.target.value, now) }
}

/** Twice as long as the last time, if that was over: a runner that was taken for want of another had no new chance. */
const avoiding = (avoided: Memory["avoided"], runner: string, now: number): Memory["avoided"] => {
  const before = avoided.get(runner)
  const again = before !== undefined && before.until <= now
  const length = again ? Duration.times(before.length, 2) : (before?.length ?? firstAvoidance)
  return new Map(avoided).set(runner, { until: now + Duration.toMillis(length), length })
}

/** Every start takes a new epoch, so the same epoch is the same run, also where it was not looked at for a while. */
const afterRunning = (memory: Memory, { epoch }: ProcessRow, runner: string, now: number): Memory => {
  const run = memory.run?.epoch === epoch ? memory.run : { epoch, since: now }
  const lasted = now - run.since >= Duration.toMillis(healthyRun)
  const avoided = lasted ? new Map([...memory.avoided].filter(([other]) => other !== runner)) : memory.avoided
  return { ...memory, silences: 0, avoided, run }
}

/** The runners that a process must not go to: those that it avoids, except the first to be free if these are all. */
const avoidedOf = (memory: Memory, runners: ReadonlyArray<string>, now: number): ReadonlySet<string> => {
  const until = (runner: string) => memory.avoided.get(runner)?.until ?? Number.NEGATIVE_INFINITY
  const avoided = runners.filter((runner) => until(runner) > now).toSorted((a, b) => until(a) - until(b))
  return new Set(avoided.length < runners.length ? avoided : avoided.slice(1))
}

/** A pinned process may only go to its runner, while that lives and is not avoided. */
const closedTo = (
  row: ProcessRow,
  memory: Memory,
  runners: ReadonlyArray<string>,
  now: number
): ReadonlySet<string> => {
  const avoided = avoidedOf(memory, runners, now)
  const open = Option.filter(row.pinned, (pin) => runners.includes(pin) && !avoided.has(pin))
  return Option.match(open, {
    onNone: () => avoided,
    onSome: (pin) => new Set(runners.filter((runner) => runner !== pin))
  })
}

export const plan = (
  rows: ReadonlyArray<ProcessRow>,
  memories: ReadonlyMap<number, Memory>,
  live: { readonly runners: ReadonlyArray<Runner>; readonly stableFor: Duration.Duration },
  now: number,
  silence: Duration.Duration = usual
): ReadonlyArray<Action> => {
  const desired = rows.filter((row) => row.desired)
  const names = live.runners.map((_) => _.name)
  const isLive = (runner: string) => names.includes(runner)
  const targets = Placement.balance(
    desired.map((row) => ({
      index: row.index,
      at: Option.filter(row.target, isLive),
      avoid: closedTo(row, memories.get(row.index) ?? nothingKnown, names, now)
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
    if (isSilent(row, silence)) return [{ row, to, why: "silent" }]
    return settled && !Option.contains(row.target, to) ? [{ row, to, why: "move" }] : []
  })
}
