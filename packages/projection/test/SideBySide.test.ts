import { Projection, SideBySide } from "@aecor/projection"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Option, Stream, TestClock } from "effect"
import { Counted, CounterJournal, CounterView, Memory, start } from "./fixtures/counter.js"

it.scoped("the progress of a projection comes to an end though events come all the time", () =>
  Effect.gen(function* () {
    const projection = Projection.exactlyOnce("Next", {
      journal: CounterJournal,
      view: CounterView,
      project: (view, { event }) => ({
        sum:
          Option.match(view, { onNone: () => 0, onSome: ({ sum }) => sum }) + (event._tag === "Counted" ? event.by : 0)
      })
    })
    const journal = yield* CounterJournal
    // whenever somebody looks, an event has just come
    let looks = 0
    const busy: typeof journal = {
      ...journal,
      head: (tag) =>
        Effect.zipRight(Effect.orDie(journal.append(`key ${looks++}`, 0, [Counted.make({ by: 1 })])), journal.head(tag))
    }
    const looking = yield* Effect.fork(
      Stream.runCollect(SideBySide.progress(projection)).pipe(Effect.provideService(CounterJournal, busy))
    )
    yield* TestClock.adjust("2 seconds")
    expect(Option.isNone(yield* Fiber.poll(looking))).toBe(true)
    yield* start(projection)
    yield* TestClock.adjust("10 seconds")
    expect(Option.isSome(yield* Fiber.poll(looking))).toBe(true)
    const told = Chunk.toReadonlyArray(yield* Fiber.join(looking))
    expect(told.map(({ behind }) => behind)).toEqual([...told.slice(1).map(() => 1), 0])
  }).pipe(Effect.provide(Memory))
)
