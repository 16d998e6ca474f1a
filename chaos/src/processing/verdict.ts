/**
 * What is wrong with the writes that took effect, and how long a process was without one. Pure: fed with what the
 * tables say.
 *
 * Every write of a process has the number after the one before it, and the epoch of the run that wrote it.
 */

/** A write that took effect, in the order of the commits within its process. Times are in milliseconds. */
export interface Write {
  readonly process: string
  readonly n: number
  readonly epoch: number
  readonly runner: string
  readonly at: number
}

/**
 * - `staleWrites`: of an older epoch, after one of a newer.
 * - `lost`: numbers that are not there, below the highest of their process.
 * - `twice`: numbers that were there before.
 * - `outOfOrder`: numbers that came after a higher one.
 */
export interface Verdict {
  readonly writes: number
  readonly staleWrites: number
  readonly lost: number
  readonly twice: number
  readonly outOfOrder: number
}

interface Seen {
  epoch: number
  highest: number
  /** Numbers below the highest that have not come. */
  readonly missing: Set<number>
}

/** Judges writes that are handed to it one after the other. */
export const makeJudge = () => {
  const processes = new Map<string, Seen>()
  const counts = { writes: 0, staleWrites: 0, twice: 0, outOfOrder: 0 }
  const see = ({ epoch, n, process }: Pick<Write, "process" | "n" | "epoch">): void => {
    const seen = processes.get(process) ?? { epoch: 0, highest: 0, missing: new Set() }
    processes.set(process, seen)
    counts.writes += 1
    if (epoch < seen.epoch) counts.staleWrites += 1
    else seen.epoch = epoch
    if (n > seen.highest) {
      for (let between = seen.highest + 1; between < n; between++) seen.missing.add(between)
      seen.highest = n
    } else if (seen.missing.delete(n)) counts.outOfOrder += 1
    else counts.twice += 1
  }
  const verdict = (): Verdict => ({
    ...counts,
    lost: [...processes.values()].reduce((sum, { missing }) => sum + missing.size, 0)
  })
  return { see, verdict }
}

/** The time from a moment to each process's first write after it, on a runner that is asked for; none where none came. */
export const firstWrites = (
  writes: ReadonlyArray<Write>,
  processes: ReadonlyArray<string>,
  from: number,
  isMeant: (runner: string) => boolean
): ReadonlyArray<number | undefined> => {
  const first = new Map<string, number>()
  for (const { at, process, runner } of writes) {
    if (at >= from && isMeant(runner) && !first.has(process)) first.set(process, at - from)
  }
  return processes.map((process) => first.get(process))
}

/**
 * The longest time without a write of each process, from a moment on, beyond the pause that it makes between two of
 * them; the last write ends what is looked at.
 */
export const longestGaps = (
  writes: ReadonlyArray<Write>,
  processes: ReadonlyArray<string>,
  from: number,
  pauseOf: (process: string) => number
): ReadonlyArray<number | undefined> => {
  const last = new Map<string, { readonly at: number; readonly gap: number }>()
  for (const { at, process } of writes) {
    if (at < from) continue
    const before = last.get(process)
    const gap = before === undefined ? at - from : at - before.at - pauseOf(process)
    last.set(process, { at, gap: Math.max(before?.gap ?? 0, gap) })
  }
  return processes.map((process) => last.get(process)?.gap)
}

/** The difference between the fullest and the emptiest of these runners. */
export const spreadOf = (placed: ReadonlyArray<string>, runners: ReadonlyArray<string>): number => {
  const counts = new Map(runners.map((runner) => [runner, 0]))
  for (const runner of placed) counts.set(runner, (counts.get(runner) ?? 0) + 1)
  const values = [...counts.values()]
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values)
}
