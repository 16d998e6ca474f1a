/**
 * One way to wait for both clocks, so that a suite runs on memory in virtual time and on a server in real time: under a
 * TestClock time is moved on until the effect has ended, otherwise it passes by itself.
 */
import { Effect, Fiber, Option, Predicate, TestClock } from "effect"

/** How far time is moved on at once. */
const step = "100 millis"

/** How many turns the effect is given before time moves: most of what happens in memory takes none. */
const turns = 300

export const settle = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.clock, (clock) => (Predicate.hasProperty(clock, "adjust") ? drive(effect) : effect))

const drive = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    while (true) {
      for (let turn = 0; turn < turns; turn++) {
        if (Option.isSome(yield* Fiber.poll(fiber))) return yield* Fiber.join(fiber)
        yield* Effect.yieldNow()
      }
      yield* TestClock.adjust(step)
    }
  })
