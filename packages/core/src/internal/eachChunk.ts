/** Running a stream that mostly is a single chunk. */
import { type Chunk, Effect, Option, Stream } from "effect"

/**
 * Hands on a stream's chunks, one after the other, as `Stream.runForEachChunk` does. That one starts fibers to do it, which
 * for the few events of an entity costs more than reading and folding them.
 */
export const eachChunk = <A, E, R, E2, R2>(
  stream: Stream.Stream<A, E, R>,
  handle: (chunk: Chunk.Chunk<A>) => Effect.Effect<void, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      const next = Effect.matchEffect(pull, {
        onFailure: Option.match({ onNone: () => Effect.succeed(false), onSome: Effect.fail }),
        onSuccess: (chunk) => Effect.as(handle(chunk), true)
      })
      return Effect.asVoid(Effect.repeat(next, { while: (more) => more }))
    })
  )
