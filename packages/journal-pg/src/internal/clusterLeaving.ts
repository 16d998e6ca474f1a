/**
 * Leaving a cluster takes so long and no longer.
 *
 * The library takes its leave in finalizers, where its own time limits have no effect: what waits there for an answer
 * that does not come, or for a lock connection that is being made anew while the database is gone, waits for ever, and so
 * would the whole program. What has not been said by then expires: the registration and the locks after 15 s, and other
 * runners see sooner that the beats have ended.
 */
import { Duration, Effect, Fiber, Layer, Scope } from "effect"

/** Longer than entities may take to stop (5 s) and anything takes after that where the database answers. */
const limit = Duration.seconds(8)

/** In a fiber of its own that can be interrupted, as nothing in a finalizer can; what does not end is left behind. */
const inTime = (closing: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.disconnect(closing).pipe(
    Effect.timeout(limit),
    Effect.catchAll(() =>
      Effect.logWarning(`the cluster could not be left in good order in ${Duration.format(limit)}`)
    ),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.join)
  )

/** The layer, closed in time. */
export const leavingInTime = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.scopedContext(
    Effect.flatMap(
      Effect.acquireRelease(Scope.make(), (scope, exit) => inTime(Scope.close(scope, exit))),
      (scope) => Layer.buildWithScope(layer, scope)
    )
  )
