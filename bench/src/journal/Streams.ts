/** Reading streams only to see how many events come out of them, chunk by chunk. */
import { Chunk, Effect, Stream } from "effect"

/** The number of elements. `onChunk` is called between chunks. */
export const count = <A, E>(stream: Stream.Stream<A, E>, onChunk: () => void = () => {}): Effect.Effect<number, E> =>
  Effect.suspend(() => {
    let total = 0
    const add = (chunk: Chunk.Chunk<A>) =>
      Effect.sync(() => {
        total += Chunk.size(chunk)
        onChunk()
      })
    return Effect.map(Stream.runForEachChunk(stream, add), () => total)
  })

/** The number of elements of several streams, read one after the other. */
export const countAll = <A, E>(streams: ReadonlyArray<Stream.Stream<A, E>>): Effect.Effect<number, E> =>
  Effect.reduce(streams, 0, (total, stream) => Effect.map(count(stream), (n) => total + n))
