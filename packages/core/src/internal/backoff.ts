/** How long to wait before a process is started again. */
import {
  Clock,
  Duration,
  Effect,
  type Exit,
  Random,
  type Schedule,
  ScheduleDecision,
  ScheduleIntervals as Intervals
} from "effect"

/** How a run has ended. */
export type End = Exit.Exit<unknown, unknown>

export interface Backoff {
  readonly min: Duration.Duration
  readonly max: Duration.Duration
  /** 0.2 spreads a delay evenly over 80 % to 120 % of itself. */
  readonly jitter: number
  /** A run that lasted this long is healthy: the next failure counts as the first. */
  readonly resetAfter: Duration.Duration
}

/**
 * The delay after the n-th end in a row, counted from 1: `min`, doubled each time, `max` at the most, spread by the
 * jitter. `random` is in [0, 1).
 */
export const delay = (backoff: Backoff, ends: number, random: number): Duration.Duration => {
  const doubled = Duration.toMillis(backoff.min) * 2 ** Math.min(ends - 1, 30)
  const bounded = Math.min(doubled, Duration.toMillis(backoff.max))
  return Duration.millis(bounded * (1 - backoff.jitter + 2 * backoff.jitter * random))
}

/** How many ends in a row this one makes. */
export const countEnds = (backoff: Backoff, before: number, ranFor: Duration.Duration): number =>
  Duration.greaterThanOrEqualTo(ranFor, backoff.resetAfter) ? 1 : before + 1

/** A user's own schedule in the place of the doubling delays. */
export interface Scheduled {
  readonly schedule: Schedule.Schedule<unknown, End>
  readonly resetAfter: Duration.Duration
}

/** What is waited where a schedule has ended: a process is always started again. It begins anew then. */
const afterTheLast = Duration.seconds(10)

/** The waits of one process on this node: what to wait after each of its ends. */
export type Waits = (end: End, ranFor: Duration.Duration) => Effect.Effect<Duration.Duration>

export const waits = (backoff: Backoff | Scheduled): Waits =>
  "schedule" in backoff ? bySchedule(backoff) : byDoubling(backoff)

const byDoubling = (backoff: Backoff): Waits => {
  let ends = 0
  return (_, ranFor) =>
    Effect.map(Random.next, (random) => {
      ends = countEnds(backoff, ends, ranFor)
      return delay(backoff, ends, random)
    })
}

const bySchedule = ({ resetAfter, schedule }: Scheduled): Waits => {
  let state: unknown = schedule.initial
  return (end, ranFor) =>
    Effect.gen(function* () {
      if (Duration.greaterThanOrEqualTo(ranFor, resetAfter)) state = schedule.initial
      const now = yield* Clock.currentTimeMillis
      const [next, , decision] = yield* schedule.step(now, end, state)
      if (ScheduleDecision.isDone(decision)) {
        state = schedule.initial
        return afterTheLast
      }
      state = next
      return Duration.millis(Math.max(0, Intervals.start(decision.intervals) - now))
    })
}
