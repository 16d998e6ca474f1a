import { expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Exit, Fiber, Stream } from "effect"
import { eachChunk } from "../src/internal/eachChunk.js"

const chunks = <A>(...all: ReadonlyArray<ReadonlyArray<A>>) =>
  Stream.fromChunks(...all.map((one) => Chunk.unsafeFromArray(one)))

it.effect("hands on every chunk, whole and in order", () =>
  Effect.gen(function* () {
    const seen: Array<ReadonlyArray<number>> = []
    yield* eachChunk(chunks([1, 2], [3], [4, 5, 6]), (chunk) =>
      Effect.sync(() => seen.push(Chunk.toReadonlyArray(chunk)))
    )
    expect(seen).toEqual([[1, 2], [3], [4, 5, 6]])
    yield* eachChunk(Stream.empty, () => Effect.die("nothing to hand on"))
  })
)

it.effect("fails as the stream does, or the handler, and closes the stream in any case", () =>
  Effect.gen(function* () {
    const ends: Array<string> = []
    const closing = (name: string) => Stream.ensuring(Effect.sync(() => ends.push(name)))
    const failing = Stream.concat(Stream.make(1), Stream.fail("stream")).pipe(closing("a"))
    expect(yield* Effect.flip(eachChunk(failing, () => Effect.void))).toBe("stream")
    expect(yield* Effect.flip(eachChunk(closing("b")(Stream.make(1)), () => Effect.fail("handler")))).toBe("handler")
    const dying = yield* Effect.exit(eachChunk(closing("c")(Stream.die("defect")), () => Effect.void))
    expect(dying).toEqual(Exit.die("defect"))
    const begun = yield* Deferred.make<void>()
    const waiting = yield* Effect.fork(
      eachChunk(closing("d")(Stream.make(1)), () => Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
    )
    yield* Deferred.await(begun)
    yield* Fiber.interrupt(waiting)
    expect(ends).toEqual(["a", "b", "c", "d"])
  })
)
