import { ConsumerId, OffsetStore, type EntityEvent } from "@aecor/core"
import { FailurePolicy, Projection } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck, Schedule, TestClock } from "effect"
import { count, CounterJournal, counterTag, Memory, start } from "./fixtures/counter.js"

type Event = EntityEvent.EntityEvent<{ readonly _tag: string }>

describe("FailurePolicy.quarantine", () => {
  it("refuses a limit that is not a positive integer", () => {
    for (const limit of [0, -1, 1.5, Number.NaN]) expect(() => FailurePolicy.quarantine({ limit })).toThrow(RangeError)
  })
})

describe("Projection.atLeastOnce, setting keys aside", () => {
  it.scoped("the key waits and is handled in order from the failed event on, once it is tried again", () =>
    Effect.gen(function* () {
      const { fails, handled, reacting } = reactingBut("Waits")
      fails.add("a-2")
      yield* count("a", [1, 2, 3])
      yield* count("b", [1, 2])
      yield* start(reacting())
      yield* TestClock.adjust("1 millis")
      expect(handled).toEqual(["a-1", "b-1", "b-2"])
      const [entry] = yield* reacting().quarantine.entries
      expect(entry).toMatchObject({ key: "a", eventType: "Counted", sequence: 2, position: 2, attempts: 1, last: 3 })
      expect(entry?.cause).toContain("no answer")
      expect(yield* reacting().quarantine.retry()).toEqual([{ entry, outcome: "Failed" }])
      expect(yield* reacting().quarantine.entries).toMatchObject([{ attempts: 2 }])
      fails.clear()
      yield* count("a", [4], 3)
      yield* TestClock.adjust("1 millis")
      expect(yield* reacting().quarantine.retry("a")).toMatchObject([{ outcome: "Ended" }])
      yield* count("a", [5], 4)
      yield* TestClock.adjust("1 millis")
      expect(handled).toEqual(["a-1", "b-1", "b-2", "a-2", "a-3", "a-4", "a-5"])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("a retry that fails further on goes on from there", () =>
    Effect.gen(function* () {
      const { fails, handled, reacting } = reactingBut("Further")
      fails.add("a-2").add("a-4")
      yield* count("a", [1, 2, 3, 4, 5])
      yield* start(reacting())
      yield* TestClock.adjust("1 millis")
      fails.delete("a-2")
      expect(yield* reacting().quarantine.retry()).toMatchObject([{ outcome: "Failed" }])
      expect(yield* reacting().quarantine.entries).toMatchObject([{ sequence: 4, position: 4, attempts: 2, last: 5 }])
      fails.clear()
      expect(yield* reacting().quarantine.retry()).toMatchObject([{ outcome: "Ended" }])
      expect(handled).toEqual(["a-1", "a-2", "a-3", "a-4", "a-5"])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("an event that comes while its key is tried is handled after those that waited", () =>
    Effect.gen(function* () {
      const { fails, handled, reacting } = reactingBut("Meanwhile")
      fails.add("a-1")
      yield* count("a", [1])
      yield* start(reacting())
      yield* TestClock.adjust("1 millis")
      fails.clear()
      const offsets = yield* OffsetStore.OffsetStore
      // the process passes one more over before the attempt is stored
      const slow: typeof offsets = {
        ...offsets,
        settle: (attempt) =>
          handled.length > 1
            ? offsets.settle(attempt)
            : Effect.zipRight(
                Effect.zipRight(count("a", [2], 1), TestClock.adjust("1 millis")),
                offsets.settle(attempt)
              ).pipe(Effect.provideService(CounterJournal, journal), Effect.orDie)
      }
      const journal = yield* CounterJournal
      const outcomes = yield* Effect.provideService(reacting().quarantine.retry(), OffsetStore.OffsetStore, slow)
      expect(outcomes).toMatchObject([{ outcome: "Ended" }])
      yield* count("a", [3], 2)
      yield* TestClock.adjust("1 millis")
      expect(handled).toEqual(["a-1", "a-2", "a-3"])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("an event whose key leaves before its page is committed is handled then", () =>
    Effect.gen(function* () {
      const { fails, handled, reacting } = reactingBut("Leaves")
      fails.add("a-1")
      const offsets = yield* OffsetStore.OffsetStore
      const racing: typeof offsets = {
        ...offsets,
        commit: (commit) =>
          commit.quarantine === undefined || commit.quarantine.passed.size === 0
            ? offsets.commit(commit)
            : Effect.zipRight(
                Effect.orDie(Effect.provideService(reacting().quarantine.retry(), OffsetStore.OffsetStore, offsets)),
                offsets.commit(commit)
              ).pipe(Effect.provideService(CounterJournal, journal))
      }
      const journal = yield* CounterJournal
      yield* count("a", [1])
      yield* Effect.provideService(start(reacting()), OffsetStore.OffsetStore, racing)
      yield* TestClock.adjust("1 millis")
      fails.clear()
      yield* count("a", [2], 1)
      yield* count("b", [1])
      yield* TestClock.adjust("1 millis")
      // of one page: what was passed over is handled after the rest
      expect(handled).toEqual(["b-1", "a-1", "a-2"])
      expect(yield* offsets.get(ConsumerId.make("Leaves", counterTag))).toBe(3)
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("the schedule tries again, and ends with itself", () =>
    Effect.gen(function* () {
      const { fails, handled, reacting } = reactingBut("Scheduled")
      const retry = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(3))
      fails.add("a-1")
      yield* count("a", [1, 2])
      yield* start(reacting(retry))
      yield* TestClock.adjust("2500 millis")
      expect(yield* reacting().quarantine.entries).toMatchObject([{ attempts: 3 }])
      yield* TestClock.adjust("1 minute")
      expect(yield* reacting().quarantine.entries).toMatchObject([{ attempts: 4 }])
      fails.clear()
      yield* reacting().quarantine.retry()
      expect(handled).toEqual(["a-1", "a-2"])
    }).pipe(Effect.provide(Memory))
  )

  it.effect.prop(
    "every event is handled, each key's in order, whatever fails how often",
    {
      failures: FastCheck.dictionary(
        FastCheck.constantFrom("a-1", "a-3", "b-2", "c-1", "c-4"),
        FastCheck.integer({ min: 1, max: 4 })
      )
    },
    ({ failures }) =>
      Effect.gen(function* () {
        const { fails, handled, reacting } = reactingBut("Every")
        const left = new Map(Object.entries(failures))
        for (const event of left.keys()) fails.add(event)
        fails.has = (event) => {
          const times = left.get(event) ?? 0
          left.set(event, times - 1)
          return times > 0
        }
        yield* start(reacting(Schedule.spaced("1 second")))
        for (const from of [0, 1, 2, 3]) for (const key of ["a", "b", "c"]) yield* count(key, [1], from)
        yield* TestClock.adjust("1 minute")
        expect(yield* reacting().quarantine.entries).toEqual([])
        for (const key of ["a", "b", "c"]) {
          expect(handled.filter((event) => event.startsWith(key))).toEqual([1, 2, 3, 4].map((n) => `${key}-${n}`))
        }
      }).pipe(Effect.scoped, Effect.provide(Memory)),
    { fastCheck: { numRuns: 20 } }
  )
})

/** A projection whose handler fails on some events, named by key and sequence, and notes the others. */
const reactingBut = (name: string) => {
  const fails = new Set<string>()
  const handled: Array<string> = []
  const handle = ({ key, sequence }: Event) => {
    const event = `${key}-${sequence}`
    return fails.has(event) ? Effect.fail("no answer") : Effect.sync(() => void handled.push(event))
  }
  const reacting = (retry?: Schedule.Schedule<unknown>) =>
    Projection.atLeastOnce(name, {
      journal: CounterJournal,
      handle,
      onFailure: FailurePolicy.quarantine(retry === undefined ? {} : { retry })
    })
  return { fails, handled, reacting }
}
