// What waiting for receipts costs, on a view that answers from memory and counts what it is asked.
import { SqlError } from "@effect/sql"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import type { Change } from "../src/internal/commitMessage.js"
import * as receipts from "../src/internal/receipts.js"

it.scoped("a hundred that wait are asked for together, and woken by a notification without a poll", () =>
  Effect.gen(function* () {
    const { asked, notify, reached, stored } = yield* view
    const waiting = yield* Effect.forEach(keys, (key) => Effect.fork(reached(key, 2)))
    yield* settled
    expect(asked.length).toBeLessThan(5)
    expect(asked.at(-1)?.length).toBe(100)
    for (const key of keys) stored.set(key, key === "k-7" ? 1 : 3)
    const before = asked.length
    notify()
    yield* settled
    expect(asked.length).toBe(before + 1)
    expect(waiting.filter((fiber) => fiber.unsafePoll() === null).length).toBe(1)
    stored.set("k-7", 2)
    notify()
    yield* Fiber.join(Fiber.all(waiting))
    expect(asked.at(-1)).toEqual(["k-7"])
  })
)

it.scoped("a commit on the same node is seen before any notification, without a poll", () =>
  Effect.gen(function* () {
    const { asked, committed, reached, stored } = yield* view
    const waiting = yield* Effect.fork(reached("a", 1))
    yield* settled
    stored.set("a", 1)
    asked.length = 0
    committed("Something")
    yield* Fiber.join(waiting)
    expect(asked).toEqual([["a"]])
  })
)

it.scoped("a commit that says which versions it has stored answers who waits for them, and nobody asks", () =>
  Effect.gen(function* () {
    const { asked, notify, reached } = yield* view
    const [first, later, other] = yield* Effect.forEach(
      [["a", 2] as const, ["a", 3] as const, ["b", 1] as const],
      ([key, version]) => Effect.fork(reached(key, version))
    )
    yield* settled
    asked.length = 0
    notify(new Map([["a", 1]]))
    yield* settled
    expect([first, later, other].map((fiber) => fiber?.unsafePoll())).toEqual([null, null, null])
    notify(
      new Map([
        ["a", 2],
        ["c", 9]
      ])
    )
    yield* settled
    expect([first, later, other].map((fiber) => fiber?.unsafePoll() === null)).toEqual([false, true, true])
    expect(asked).toEqual([])
  })
)

it.scoped("where no notification comes it asks now and then, and not at all when nobody waits", () =>
  Effect.gen(function* () {
    const { asked, reached, stored } = yield* view
    const waiting = yield* Effect.fork(reached("a", 1))
    yield* settled
    asked.length = 0
    yield* TestClock.adjust("1 second")
    expect(asked.length).toBe(4)
    stored.set("a", 1)
    yield* TestClock.adjust("250 millis")
    yield* Fiber.join(waiting)
    asked.length = 0
    yield* TestClock.adjust("10 seconds")
    expect(asked).toEqual([])
  })
)

it.scoped("who gives up is no longer asked for, and an error reaches all who wait", () =>
  Effect.gen(function* () {
    const { asked, fail, notify, reached } = yield* view
    const gone = yield* Effect.fork(reached("gone", 1))
    const failing = yield* Effect.fork(Effect.flip(reached("failing", 1)))
    yield* settled
    yield* Fiber.interrupt(gone)
    notify()
    yield* settled
    expect(asked.at(-1)).toEqual(["failing"])
    fail()
    notify()
    expect((yield* Fiber.join(failing))._tag).toBe("SqlError")
  })
)

it.scoped("a key that the server refuses fails who waits for it, and nobody else, however many wait", () =>
  Effect.gen(function* () {
    const { asked, notify, reached, stored } = yield* view
    const waiting = yield* Effect.forEach(keys, (key) => Effect.fork(reached(key, 1)))
    const refused = yield* Effect.forEach(["a\u0000", "b\u0000", "a\u0000"], (key) =>
      Effect.fork(Effect.flip(reached(key, 1)))
    )
    for (const error of yield* Fiber.join(Fiber.all(refused))) expect(error.cause).toMatchObject({ code: "22021" })
    expect(waiting.filter((fiber) => fiber.unsafePoll() !== null).length).toBe(0)
    for (const key of keys) stored.set(key, 1)
    asked.length = 0
    notify()
    yield* Fiber.join(Fiber.all(waiting))
    expect(asked).toEqual([keys])
  })
)

const keys = Array.from({ length: 100 }, (_, i) => `k-${i}`)
const settled = Effect.repeatN(Effect.yieldNow(), 200)

const refusal = new SqlError.SqlError({ message: "refused", cause: { severity: "ERROR", code: "22021" } })

const view = Effect.gen(function* () {
  const stored = new Map<string, number>()
  const asked: Array<ReadonlyArray<string>> = []
  let failing = false
  let notify: (change: Change) => void = () => {}
  const { committed, reached } = yield* receipts.make({
    versions: (wanted) =>
      Effect.suspend(() => {
        asked.push(wanted)
        if (failing) return new SqlError.SqlError({ message: "down" })
        if (wanted.some((key) => key.includes("\u0000"))) return refusal
        return Effect.succeed(
          wanted.flatMap((key) => {
            const version = stored.get(key)
            return version === undefined ? [] : [[key, String(version), null] as const]
          })
        )
      }),
    subscribe: (listener) =>
      Effect.sync(() => {
        notify = listener
      })
  })
  return {
    asked,
    committed,
    reached,
    stored,
    notify: (change: Change = "Something") => notify(change),
    fail: () => void (failing = true)
  }
})
