// Turns of readers that are far behind.
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as ReadTurns from "../src/internal/readTurns.js"

const settled = Effect.repeatN(Effect.yieldNow(), 50)

it.effect("four hold a page at a time, and a turn that ends is the next one's", () =>
  Effect.gen(function* () {
    const turns = yield* ReadTurns.make
    const had = new Map<number, ReadTurns.Turn>()
    const taking = yield* Effect.forEach(
      Array.from({ length: 6 }, (_, i) => i),
      (i) => {
        const turn = { since: 0 }
        return Effect.fork(Effect.map(turns.take(turn), () => had.set(i, turn)))
      }
    )
    yield* settled
    expect([...had.keys()]).toEqual([0, 1, 2, 3])
    const second = had.get(1)
    if (second !== undefined) {
      turns.end(second)
      turns.end(second)
    }
    yield* settled
    expect([...had.keys()]).toEqual([0, 1, 2, 3, 4])
    yield* Fiber.interruptAll(taking)
  })
)

it.effect("those who take long hold up nobody", () =>
  Effect.gen(function* () {
    const turns = yield* ReadTurns.make
    yield* taken(turns, 4)
    const late = yield* Effect.fork(taken(turns, 1))
    yield* TestClock.adjust("249 millis")
    expect(late.unsafePoll()).toBeNull()
    yield* TestClock.adjust("1 millis")
    yield* Fiber.join(late)
  })
)

it.effect("who is interrupted while it waits takes no turn with it", () =>
  Effect.gen(function* () {
    const turns = yield* ReadTurns.make
    const [first] = yield* taken(turns, 4)
    const gone = yield* Effect.fork(taken(turns, 1))
    yield* settled
    yield* Fiber.interrupt(gone)
    if (first !== undefined) turns.end(first)
    yield* taken(turns, 1)
  })
)

it.effect("who is interrupted as its turn comes can give it back", () =>
  Effect.gen(function* () {
    const turns = yield* ReadTurns.make
    const [first] = yield* taken(turns, 4)
    const turn = { since: 0 }
    const gone = yield* Effect.fork(turns.take(turn))
    yield* settled
    // its turn has come, and it has not heard of it
    if (first !== undefined) turns.end(first)
    yield* Fiber.interrupt(gone)
    turns.end(turn)
    yield* taken(turns, 1)
  })
)

/** So many that have a turn. */
const taken = (turns: ReadTurns.ReadTurns, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, () => ({ since: 0 })),
    (turn) => Effect.as(turns.take(turn), turn)
  )
