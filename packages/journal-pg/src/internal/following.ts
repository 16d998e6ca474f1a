/**
 * Page after page, for ever, as a stream that holds on to none: whoever waits at the end, or for a turn, waits with empty
 * hands. A stream keeps the last chunk that it has emitted until the next one, and everything that passes it on does, too;
 * so an empty chunk follows each page. With twenty readers those would be twenty pages of decoded events.
 */
import { Chunk, Effect, Option, Stream } from "effect"

export const following = <A, S, E, R>(
  start: S,
  next: (from: S) => Effect.Effect<readonly [Chunk.Chunk<A>, S], E, R>
): Stream.Stream<A, E, R> =>
  Stream.unfoldChunkEffect({ at: start, given: false }, ({ at, given }) =>
    given
      ? Effect.succeed(Option.some([Chunk.empty<A>(), { at, given: false }] as const))
      : Effect.map(next(at), ([page, to]) => Option.some([page, { at: to, given: true }] as const))
  )
