import { DistributedProcessing, ProcessLease } from "@aecor/core"
import { Projection, Replay } from "@aecor/projection"
import { expect, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Option, TestClock } from "effect"
import { count, CounterJournal, CounterView, Hosted } from "./fixtures/counter.js"

it.scoped("handlers meet the events again from where it is said on, and by a replay of a view none", () =>
  Effect.gen(function* () {
    const met: Array<string> = []
    const handlers = Projection.atLeastOnce("Mails", {
      journal: CounterJournal,
      handle: ({ key, sequence }) => Effect.sync(() => void met.push(`${key}${sequence}`))
    })
    yield* DistributedProcessing.start(handlers.name, handlers.processes)
    yield* count("a", [1, 2])
    yield* TestClock.adjust("1 minute")
    const time = DateTime.unsafeMake(60_000)
    yield* count("a", [3], 2)
    yield* TestClock.adjust("10 seconds")
    expect(met.splice(0)).toEqual(["a1", "a2", "a3"])

    const rewound = (to: Replay.Rewind) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(Replay.rewind(CounterJournal, handlers, to))
        yield* TestClock.adjust("20 seconds")
        return [yield* Fiber.join(fiber), met.splice(0)]
      })
    expect(yield* rewound({ since: time, repeatEffects: true })).toEqual([[{ partition: 0, from: 3, to: 2 }], ["a3"]])
    expect(yield* rewound({ after: 0, repeatEffects: true })).toEqual([
      [{ partition: 0, from: 3, to: 0 }],
      ["a1", "a2", "a3"]
    ])
    expect(yield* rewound({ after: 3, repeatEffects: true })).toEqual([[], []])

    yield* (yield* ProcessLease.ProcessLease).register("View", 1)
    const view = Projection.exactlyOnce("View", {
      journal: CounterJournal,
      view: CounterView,
      project: (_, { sequence }) => ({ sum: sequence })
    })
    const seen: Array<Replay.Progress> = []
    const onProgress = (progress: Replay.Progress) => Effect.sync(() => void seen.push(progress))
    expect((yield* Replay.inPlace(view, "all", { onProgress })).changed).toBe(1)
    expect(seen.at(-1)).toMatchObject({ events: 3, part: 1 })
    expect(seen[0]?.left).toEqual(Option.none())
    expect(met).toEqual([])
  }).pipe(Effect.provide(Hosted))
)
