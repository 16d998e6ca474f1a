/** A look that is shared by all who ask at about the same time. */
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as SharedLook from "../src/internal/sharedLook.js"

/** Looks that end when the test says so: the nth with what its gate is given. */
const gated = Effect.gen(function* () {
  const gate = Deferred.make<string, string>()
  const [first, second, third] = yield* Effect.all([gate, gate, gate])
  let looks = 0
  const look = Effect.suspend(() => Deferred.await([first, second, third][looks++] ?? first))
  return { first, second, third, looks: () => looks, look }
})

const settled = Effect.repeatN(Effect.yieldNow(), 20)

it.effect("who asks while a look is on its way shares the next one", () =>
  Effect.gen(function* () {
    const { first, look, looks, second } = yield* gated
    const ask = SharedLook.make(look)
    const before = yield* Effect.fork(ask)
    yield* settled
    const others = yield* Effect.replicateEffect(Effect.fork(ask), 5)
    yield* settled
    expect(looks()).toBe(1)
    yield* Deferred.succeed(first, "before")
    yield* settled
    expect(looks()).toBe(2)
    yield* Deferred.succeed(second, "after")
    expect(yield* Fiber.join(before)).toBe("before")
    expect(yield* Effect.forEach(others, Fiber.join)).toEqual(Array.from({ length: 5 }, () => "after"))
    expect(looks()).toBe(2)
  })
)

it.effect("a look that fails is the affair of those who shared it", () =>
  Effect.gen(function* () {
    const { first, look, second } = yield* gated
    const ask = SharedLook.make(look)
    const before = yield* Effect.fork(ask)
    yield* settled
    const after = yield* Effect.fork(ask)
    yield* settled
    yield* Deferred.fail(first, "away")
    yield* Deferred.succeed(second, "there")
    expect(yield* Effect.flip(Fiber.join(before))).toBe("away")
    expect(yield* Fiber.join(after)).toBe("there")
  })
)

it.effect("who goes away takes no look from the others, and leaves none behind that never ends", () =>
  Effect.gen(function* () {
    const { first, look, looks, second, third } = yield* gated
    const ask = SharedLook.make(look)
    const gone = yield* Effect.fork(ask)
    yield* settled
    const shared = yield* Effect.fork(ask)
    yield* settled
    yield* Fiber.interrupt(gone)
    yield* Deferred.succeed(first, "one")
    yield* Deferred.succeed(second, "two")
    expect(yield* Fiber.join(shared)).toBe("two")
    yield* Deferred.succeed(third, "three")
    expect(yield* ask).toBe("three")
    expect(looks()).toBe(3)
  })
)

it.effect("a look is in nobody's trace, whoever came first", () =>
  Effect.gen(function* () {
    const ask = SharedLook.make(Effect.withSpan(Effect.currentSpan, "look"))
    const first = yield* Effect.gen(function* () {
      const { traceId } = yield* Effect.currentSpan
      return [traceId, (yield* ask).traceId] as const
    }).pipe(Effect.withSpan("first"))
    expect(first[1]).not.toBe(first[0])
  })
)
