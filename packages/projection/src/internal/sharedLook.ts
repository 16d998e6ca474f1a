/**
 * One look for all who ask at about the same time. Who asks while a look is on its way shares the next one, so what is
 * answered was seen after it was asked.
 *
 * The looks have a fiber of their own: whoever goes away takes none from the others.
 */
import { Deferred, Effect, FiberId, type Scope } from "effect"

/** Gives what asks. The looks end with the scope; who asks then is interrupted. */
export const make = <A, E>(look: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let next: Deferred.Deferred<A, E> | undefined
    let isLooking = false

    // only a look can be interrupted, so everybody who asks is answered
    const lookForAll = Effect.uninterruptible(
      Effect.gen(function* () {
        while (next !== undefined) {
          const asked = next
          next = undefined
          yield* Deferred.done(asked, yield* Effect.exit(Effect.interruptible(look)))
        }
        isLooking = false
      })
    )

    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const asked = (next ??= Deferred.unsafeMake<A, E>(FiberId.none))
        const answer = restore(Deferred.await(asked))
        if (isLooking) return answer
        isLooking = true
        return Effect.zipRight(Effect.forkIn(lookForAll, scope), answer)
      })
    )
  })
