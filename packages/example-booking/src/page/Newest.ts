/**
 * A state that pages watch: read again and again while anybody does, for all of them at once. It is published, encoded,
 * when it has become another one. Who comes gets the newest, and so does who takes his time: nothing queues.
 */
import { type Duration, Effect, PubSub, Schedule, type Scope } from "effect"
import { type Encoded, encode } from "./LiveAnswer.js"

/** Reads until the scope closes. While nothing can be read, nothing is told. */
export const publish = <E, R>(
  event: string,
  read: Effect.Effect<unknown, E, R>,
  interval: Duration.DurationInput
): Effect.Effect<PubSub.PubSub<Encoded>, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const newest = yield* PubSub.sliding<Encoded>({ capacity: 1, replay: 1 })
    let before: string | undefined
    const look = Effect.flatMap(read, (state) => {
      const now = JSON.stringify(state)
      if (now === before) return Effect.void
      before = now
      return PubSub.publish(newest, encode(event, state))
    })
    yield* look.pipe(
      Effect.catchAll((error) => Effect.logDebug(`what pages show as ${event} could not be read`, error)),
      Effect.repeat(Schedule.spaced(interval)),
      Effect.withTracerEnabled(false),
      Effect.forkScoped
    )
    return newest
  })
