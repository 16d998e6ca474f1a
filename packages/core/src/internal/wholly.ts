/** Acquiring several things as one. */
import { Effect, ExecutionStrategy, Exit, Scope } from "effect"

/** What an effect has acquired when it fails is released at once, not when the caller's scope closes: it can be tried again. */
export const wholly = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const own = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    return yield* Scope.extend(effect, own).pipe(Effect.onError((cause) => Scope.close(own, Exit.failCause(cause))))
  })
