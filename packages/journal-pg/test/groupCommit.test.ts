import { expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Either, Exit, Fiber, Scope } from "effect"
import * as groupCommit from "../src/internal/groupCommit.js"

it.scoped("what comes while a batch is on its way goes together in the next one", () =>
  Effect.gen(function* () {
    const { batches, put, release } = yield* committer()
    const fibers = yield* Effect.forEach(["a", "b", "c"], (key) => Effect.fork(put({ key, n: 1 })))
    yield* settled
    expect(batches).toEqual([["a1", "b1", "c1"]])
    const later = yield* Effect.forEach(["d", "e"], (key) => Effect.fork(put({ key, n: 1 })))
    yield* settled
    expect(batches.length).toBe(1)
    yield* release
    expect(yield* Fiber.join(Fiber.all(fibers))).toEqual(["a1", "b1", "c1"])
    yield* settled
    expect(batches[1]).toEqual(["d1", "e1"])
    yield* release
    expect(yield* Fiber.join(Fiber.all(later))).toEqual(["d1", "e1"])
  })
)

it.scoped("a batch holds one item a key, no more items than it may, and each key's items in their order", () =>
  Effect.gen(function* () {
    const { batches, put, release } = yield* committer(3)
    const items = ["x", "a", "a", "b", "c", "c", "d", "a"].map((key, n) => ({ key, n }))
    const fibers = yield* Effect.forEach(items, (item) => Effect.fork(put(item)))
    for (let batch = 1; batch <= 3; batch++) {
      yield* settled
      expect(batches.length).toBe(batch)
      yield* release
    }
    yield* Fiber.join(Fiber.all(fibers))
    expect(batches).toEqual([
      ["x0", "a1", "b3"],
      ["a2", "c4", "d6"],
      ["c5", "a7"]
    ])
  })
)

it.scoped(
  "an item whose caller is interrupted while it waits is not committed; one on its way is, and no answer is mixed up",
  () =>
    Effect.gen(function* () {
      const { batches, put, release } = yield* committer()
      const sent = yield* Effect.fork(put({ key: "sent", n: 0 }))
      yield* settled
      const gone = yield* Effect.fork(put({ key: "gone", n: 0 }))
      const kept = yield* Effect.fork(put({ key: "kept", n: 0 }))
      yield* settled
      yield* Fiber.interruptAll([sent, gone])
      yield* release
      yield* settled
      yield* release
      expect(yield* Fiber.join(kept)).toBe("kept0")
      expect(batches).toEqual([["sent0"], ["kept0"]])
    })
)

it.scoped(
  "many callers take turns: a batch holds half of them, and the other half is on its way before they come again",
  () =>
    Effect.gen(function* () {
      const { batches, put, release } = yield* committer()
      const callers = Array.from({ length: 40 }, (_, i) => `c${i}-`)
      const rounds = yield* Effect.forEach(callers, (key) =>
        Effect.fork(Effect.forEach([0, 1, 2], (n) => put({ key, n }), { discard: true }))
      )
      while (batches.flat().length < 120) {
        yield* settled
        yield* release
      }
      yield* Fiber.join(Fiber.all(rounds))
      const sizes = batches.map((batch) => batch.length)
      expect(sizes.slice(0, 5)).toEqual([20, 20, 20, 20, 20])
      const [first = [], second = []] = batches
      expect(second.some((text) => first.includes(text))).toBe(false)
    })
)

it.scoped("few callers go together: a batch costs more than its items", () =>
  Effect.gen(function* () {
    const { batches, put, release } = yield* committer()
    const fibers = yield* Effect.forEach(
      Array.from({ length: 16 }, (_, i) => `c${i}-`),
      (key) => Effect.fork(put({ key, n: 0 }))
    )
    yield* settled
    yield* release
    yield* Fiber.join(Fiber.all(fibers))
    expect(batches.map((batch) => batch.length)).toEqual([16])
  })
)

it.scoped("a commit that dies fails its items, and the next batch goes on", () =>
  Effect.gen(function* () {
    const submit = yield* groupCommit.make({
      capacity: 100,
      halveAbove: 16,
      maxBatch: 10,
      commit: (batch: ReadonlyArray<Item>) =>
        batch.some(({ n }) => n < 0)
          ? Effect.dieMessage("broken")
          : Effect.succeed(batch.map(({ key }) => Exit.succeed(key))),
      closed: () => "closed"
    })
    const put = (item: Item) => submit(() => Either.right(item))
    expect((yield* Effect.exit(put({ key: "a", n: -1 })))._tag).toBe("Failure")
    expect(yield* put({ key: "b", n: 1 })).toBe("b")
  })
)

it.scoped("who finds no room waits outside, in order, and is prepared only when there is some", () =>
  Effect.gen(function* () {
    const { batches, release, submit } = yield* committer(2, 3)
    const prepared: Array<string> = []
    const come = (key: string) =>
      Effect.fork(
        submit(() => {
          prepared.push(key)
          return Either.right({ key, n: 0 })
        })
      )
    const [, , c, d] = yield* Effect.all([come("a"), come("b"), come("c"), come("d"), come("e")])
    yield* settled
    expect(prepared).toEqual(["a", "b", "c"])
    // one outside gives up, one inside does: there is room for the last
    yield* Fiber.interrupt(d)
    yield* settled
    expect(prepared).toEqual(["a", "b", "c"])
    yield* Fiber.interrupt(c)
    yield* settled
    expect(prepared).toEqual(["a", "b", "c", "e"])
    yield* release
    yield* settled
    yield* release
    yield* settled
    expect(batches).toEqual([["a0", "b0"], ["e0"]])
  })
)

it.scoped("an answer makes room", () =>
  Effect.gen(function* () {
    const { batches, put, release } = yield* committer(10, 1)
    const fibers = yield* Effect.forEach([0, 1, 2], (n) => Effect.fork(put({ key: "k", n })))
    for (const n of [0, 1, 2]) {
      yield* settled
      expect(batches.length).toBe(n + 1)
      yield* release
    }
    expect(yield* Fiber.join(Fiber.all(fibers))).toEqual(["k0", "k1", "k2"])
  })
)

it.scoped(
  "what cannot be prepared takes no room and reaches no batch, whether it is told, thrown, or an effect's",
  () =>
    Effect.gen(function* () {
      const { batches, put, release, submit } = yield* committer(10, 1)
      expect(yield* Effect.flip(submit(() => Either.left("refused")))).toBe("refused")
      expect(yield* Effect.flip(submit(() => Effect.fail("refused later")))).toBe("refused later")
      const thrown = yield* Effect.exit(
        submit(() => {
          throw new Error("broken")
        })
      )
      expect(Exit.isFailure(thrown) && Cause.isDie(thrown.cause)).toBe(true)
      const slowly = yield* Effect.fork(submit(() => Effect.as(Effect.yieldNow(), { key: "slow", n: 0 })))
      yield* settled
      yield* release
      expect(yield* Fiber.join(slowly)).toBe("slow0")
      const last = yield* Effect.fork(put({ key: "last", n: 0 }))
      yield* settled
      yield* release
      expect(yield* Fiber.join(last)).toBe("last0")
      expect(batches).toEqual([["slow0"], ["last0"]])
    })
)

it.effect("closing refuses those who wait outside", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { put, release } = yield* Scope.extend(committer(1, 1), scope)
    const inside = yield* Effect.fork(put({ key: "a", n: 0 }))
    const outside = yield* Effect.fork(Effect.flip(put({ key: "b", n: 0 })))
    yield* settled
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    expect(yield* Fiber.join(outside)).toBe("closed")
    yield* release
    yield* Fiber.join(closing)
    expect(yield* Fiber.join(inside)).toBe("a0")
  })
)

it.effect("closing waits for what was submitted, and refuses what comes later", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { batches, put, release } = yield* Scope.extend(committer(1), scope)
    const fibers = yield* Effect.forEach([1, 2], (n) => Effect.fork(put({ key: `k${n}`, n })))
    yield* settled
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    yield* settled
    expect(yield* Effect.flip(put({ key: "late", n: 3 }))).toBe("closed")
    expect(closing.unsafePoll()).toBe(null)
    yield* release
    yield* settled
    yield* release
    yield* Fiber.join(closing)
    expect(yield* Fiber.join(Fiber.all(fibers))).toEqual(["k11", "k22"])
    expect(batches).toEqual([["k11"], ["k22"]])
  })
)

interface Item {
  readonly key: string
  readonly n: number
}

const settled = Effect.repeatN(Effect.yieldNow(), 50)

/** Commits a batch when it is released; answers each item with its own text. */
const committer = (maxBatch = 100, capacity = 100) =>
  Effect.gen(function* () {
    const batches: Array<ReadonlyArray<string>> = []
    let gate = yield* Deferred.make<void>()
    const submit = yield* groupCommit.make({
      capacity,
      halveAbove: 16,
      maxBatch,
      commit: (batch: ReadonlyArray<Item>) =>
        Effect.gen(function* () {
          const texts = batch.map(({ key, n }) => `${key}${n}`)
          batches.push(texts)
          gate = yield* Deferred.make<void>()
          yield* Deferred.await(gate)
          return texts.map((text) => Exit.succeed(text))
        }),
      closed: () => "closed"
    })
    const put = (item: Item) => submit(() => Either.right(item))
    const release = Effect.suspend(() => Deferred.succeed(gate, undefined))
    return { batches, put, release, submit }
  })
