/**
 * The time on this node for whoever measures how long something has lasted. The time of day may be set, back or on, while
 * a node runs: by it a coordinator would only observe for an hour, and a node cut off would not stop itself.
 */
import { Effect } from "effect"

/**
 * Milliseconds of a clock that only goes on. They say nothing to another node. (`Clock.currentTimeNanos` of a test clock
 * dies at a fraction of a millisecond.)
 */
export const elapsed: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.sync(() => Number(clock.unsafeCurrentTimeNanos() / 1_000_000n))
)
