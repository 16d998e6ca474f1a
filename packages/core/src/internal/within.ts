/** Waiting for something, but only for so long. */
import { type Cause, type Duration, Effect, Fiber } from "effect"

/**
 * Waits for an effect, but only for so long; what has not ended then is left behind. In a fiber of its own, because a timeout within a finalizer cannot be interrupted and would wait for the effect nevertheless.
 */
export const within = <A, E>(
  effect: Effect.Effect<A, E>,
  limit: Duration.Duration
): Effect.Effect<A, E | Cause.TimeoutException> =>
  Effect.disconnect(effect).pipe(
    Effect.timeout(limit),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.join)
  )
