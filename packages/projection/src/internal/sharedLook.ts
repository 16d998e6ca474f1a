/**
 * One look for all who ask at about the same time. Who asks while a look is on its way shares the next one, so what is
 * answered was seen after it was asked.
 *
 * The looks have a fiber of their own, for as long as somebody asks: whoever goes away takes none from the others. They
 * are nobody's: in the trace of who came first they would go on long after its end.
 */
import { Deferred, Effect, FiberId } from "effect"

/** Gives what asks. */
export const make = <A, E>(look: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  let next: Deferred.Deferred<A, E> | undefined
  let isLooking = false

  const lookForAll = Effect.gen(function* () {
    while (next !== undefined) {
      const asked = next
      next = undefined
      yield* Deferred.done(asked, yield* Effect.exit(look))
    }
    isLooking = false
  })

  return Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      const asked = (next ??= Deferred.unsafeMake<A, E>(FiberId.none))
      const answer = restore(Deferred.await(asked))
      if (isLooking) return answer
      isLooking = true
      return Effect.zipRight(
        Effect.forkDaemon(Effect.interruptible(Effect.withTracerEnabled(lookForAll, false))),
        answer
      )
    })
  )
}
