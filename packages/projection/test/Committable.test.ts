import { ConsumerId, OffsetStore, ProcessContext } from "@aecor/core"
import { Committable, FailurePolicy } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Stream, TestClock } from "effect"
import { claim, count, CounterJournal, counterTag, errorOf, Memory, start } from "./fixtures/counter.js"

const pagesOf = (name: string, pageSize = 2) => Committable.pages(name, CounterJournal, counterTag, { pageSize })

const offsetOf = (name: string) =>
  Effect.flatMap(OffsetStore.OffsetStore, (offsets) => offsets.get(ConsumerId.make(name, counterTag)))

/** The first pages of a new run. */
const firstPages = (name: string, pages: number) =>
  Effect.gen(function* () {
    const fence = yield* claim(name)
    const found = yield* Effect.provideService(
      Stream.runCollect(Stream.take(pagesOf(name), pages)),
      ProcessContext.ProcessContext,
      fence
    )
    return Chunk.toReadonlyArray(found)
  })

const positions = (pages: ReadonlyArray<Committable.Page<unknown>>) =>
  pages.map(({ value }) => value.map(({ position }) => position))

describe("Committable.consume", () => {
  it("refuses to set keys aside: a page that fails has none", () => {
    const options = { journal: CounterJournal, consume: <A, E, R>(given: Stream.Stream<A, E, R>) => given }
    const aside: object = { onFailure: FailurePolicy.quarantine() }
    expect(() => Committable.consume("Aside", { ...options, ...aside })).toThrow(
      "projection Aside: a page has no key to be set aside"
    )
    expect(Committable.consume("Halting", { ...options, onFailure: FailurePolicy.halt }).processes.length).toBe(1)
  })
})

describe("Committable.pages", () => {
  it("refuses a page size that is not a positive integer", () => {
    for (const pageSize of [0, -1, 1.5, Number.NaN]) expect(() => pagesOf("Pages", pageSize)).toThrow(RangeError)
  })

  it.scoped("gives the events after the stored offset by pages; what was not committed comes again", () =>
    Effect.gen(function* () {
      yield* count("a", [1, 2, 3, 4, 5])
      const first = yield* firstPages("Pages", 3)
      expect(positions(first)).toEqual([[1, 2], [3, 4], [5]])
      expect(yield* offsetOf("Pages")).toBe(0)
      yield* first[0]?.commit ?? Effect.void
      expect(yield* offsetOf("Pages")).toBe(2)
      expect(positions(yield* firstPages("Pages", 1))).toEqual([[3, 4]])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("a commit makes the pages before it count, and one that comes later than a later page's does nothing", () =>
    Effect.gen(function* () {
      yield* count("a", [1, 2, 3, 4, 5])
      const [first, second, third] = yield* firstPages("Later", 3)
      yield* second?.commit ?? Effect.void
      expect(yield* offsetOf("Later")).toBe(4)
      yield* first?.commit ?? Effect.void
      expect(yield* offsetOf("Later")).toBe(4)
      yield* third?.commit ?? Effect.void
      expect(yield* offsetOf("Later")).toBe(5)
      expect(third?.step).toMatchObject({ expected: 4, offset: 5 })
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("a commit of an older run is refused, and what it had done comes again", () =>
    Effect.gen(function* () {
      yield* count("a", [1, 2])
      const [older] = yield* firstPages("Fenced", 1)
      const [newer] = yield* firstPages("Fenced", 1)
      expect(yield* Effect.flip(older?.commit ?? Effect.void)).toMatchObject({ _tag: "Fenced" })
      expect(newer?.value).toEqual(older?.value)
      yield* newer?.commit ?? Effect.void
      expect(yield* offsetOf("Fenced")).toBe(2)
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("events that come again are in no page", () =>
    Effect.gen(function* () {
      const journal = yield* CounterJournal
      yield* count("a", [1, 2, 3])
      const twice = {
        ...journal,
        eventsByTag: () =>
          Stream.flatMap(Stream.chunks(journal.currentEventsByTag(counterTag, 0)), (chunk) =>
            Stream.fromChunks(chunk, chunk)
          )
      }
      const fence = yield* claim("Twice")
      const found = yield* Stream.runCollect(pagesOf("Twice", 10)).pipe(
        Effect.provideService(ProcessContext.ProcessContext, fence),
        Effect.provideService(CounterJournal, twice)
      )
      expect(positions(Chunk.toReadonlyArray(found))).toEqual([[1, 2, 3]])
    }).pipe(Effect.provide(Memory))
  )
})

describe("Committable.consume", () => {
  it.scoped("is a process a tag, which ends with the stream's error and goes on after what was committed", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      let fails = true
      const copy = Committable.consume("Copy", {
        journal: CounterJournal,
        pageSize: 2,
        consume: Stream.mapEffect(({ commit, value }): Effect.Effect<void, Committable.CommitError | "no answer"> => {
          seen.push(...value.map(({ position }) => position))
          return fails && seen.length > 2 ? Effect.fail("no answer" as const) : commit
        })
      })
      yield* count("a", [1, 2, 3, 4])
      expect(yield* errorOf(yield* start(copy))).toBe("no answer")
      expect(yield* offsetOf("Copy")).toBe(2)
      fails = false
      const process = yield* start(copy)
      yield* TestClock.adjust("1 millis")
      yield* count("a", [5], 4)
      yield* TestClock.adjust("1 millis")
      expect(seen).toEqual([1, 2, 3, 4, 3, 4, 5])
      expect(yield* offsetOf("Copy")).toBe(5)
      yield* process.shutdown
      expect(yield* copy.quarantine.entries).toEqual([])
    }).pipe(Effect.provide(Memory))
  )
})
