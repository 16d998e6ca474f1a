/** How long to wait before a process is started again. */
import { Duration } from "effect"

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
