import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Stream } from "effect"
import { following } from "../src/internal/following.js"

it.effect("pages come in their order, each read from where the last one ended", () =>
  Effect.gen(function* () {
    const pages = following(0, (from: number) => Effect.succeed([Chunk.make(from + 1, from + 2), from + 2] as const))
    expect(Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(pages, 5)))).toEqual([1, 2, 3, 4, 5])
  })
)

it.effect("nothing is kept of a page that was taken, while the next one is waited for", () =>
  Effect.gen(function* () {
    const asked = yield* Deferred.make<void>()
    const given: Array<WeakRef<object>> = []
    const next = (from: number) =>
      from > 0 ? Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never) : Effect.sync(() => pageOf(given))
    yield* Effect.fork(Stream.runForEachChunk(following(0, next), () => Effect.void))
    yield* Deferred.await(asked)
    yield* collected
    expect(given.map((event) => event.deref())).toEqual([undefined])
  })
)

/** A page of one event, of which only a weak reference is left. */
const pageOf = (given: Array<WeakRef<object>>) => {
  const event = { position: 1 }
  given.push(new WeakRef(event))
  return [Chunk.of(event), 1] as const
}

/** After all of the garbage has been collected. What a weak reference was made of lives to the end of its task. */
const collected = Effect.async<void>((resume) => {
  setImmediate(() => {
    setFlagsFromString("--expose-gc")
    const collect = runInNewContext("gc") as () => void
    collect()
    resume(Effect.void)
  })
})
