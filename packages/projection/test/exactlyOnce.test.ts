import { ConsumerId, DistributedProcessing, type EntityEvent, Fold, type Journal, type Tagging } from "@aecor/core"
import { Projection, ViewStore } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Metric, Option, Stream, TestClock } from "effect"
import {
  breakIt,
  claim,
  Counted,
  type CounterEvent,
  count,
  CounterJournal,
  CounterView,
  errorOf,
  Hosted,
  Memory,
  start,
  counterTag
} from "./fixtures/counter.js"

const counters = (name: string, pageSize?: number) =>
  Projection.exactlyOnce(name, {
    journal: CounterJournal,
    view: CounterView,
    project: (view, { event }) => {
      const sum = Option.match(view, { onNone: () => 0, onSome: (row) => row.sum })
      return event._tag === "Counted" ? { sum: sum + event.by } : Fold.impossible("it is broken", event)
    },
    ...(pageSize === undefined ? {} : { pageSize })
  })

describe("Projection.exactlyOnce", () => {
  it("has one process a tag", () => {
    const { name, processes } = counters("Counters")
    expect([name, processes.length]).toEqual(["Counters", CounterJournal.tagging.tags.length])
  })

  it("refuses a page size that is not a positive integer", () => {
    for (const pageSize of [0, -1, 1.5, Number.NaN]) expect(() => counters("Counters", pageSize)).toThrow(RangeError)
  })

  it.scoped(
    "cuts what the journal gives at once into pages of one commit each, and knows the rows that it has written",
    () =>
      Effect.gen(function* () {
        const { calls, store } = yield* recording
        const journal = yield* CounterJournal
        const key = (i: number) => `k-${i % 7}`
        const all = Array.from({ length: 2500 }, (_, i): EntityEvent.EntityEvent<typeof Counted.Type> => ({
          id: `${i}`,
          key: key(i),
          sequence: Math.floor(i / 7) + 1,
          position: i + 1,
          timestamp: 0,
          metadata: {},
          event: Counted.make({ by: 1 })
        }))
        const chunk = Chunk.unsafeFromArray(all)
        const big = { ...journal, eventsByTag: () => Stream.concat(Stream.fromChunk(chunk), Stream.never) }
        yield* start(counters("Big")).pipe(
          Effect.provideService(CounterJournal, big),
          Effect.provideService(CounterView, store)
        )
        yield* store.awaitReceipt({ key: "k-0", sequence: 358 }, "1 second")
        expect(calls).toEqual([
          ["load", 0],
          ["commit", 1000],
          ["commit", 2000],
          ["commit", 2500]
        ])
        expect(yield* store.find({})).toEqual(Array.from({ length: 7 }, (_, i) => ({ sum: i === 0 ? 358 : 357 })))
        expect(yield* eventsOf("Big")).toBe(2500)
      }).pipe(Effect.provide(Memory))
  )

  it.scoped(
    "an impossible fold ends the process with an error that names the event, and nothing of its page is kept",
    () =>
      Effect.gen(function* () {
        const view = yield* CounterView
        yield* count("a", [1])
        yield* count("b", [1, 2])
        yield* breakIt("b", 2)
        const error = yield* errorOf(yield* start(counters("Broken")))
        expect(error).toBeInstanceOf(Projection.EventFailed)
        expect(error).toMatchObject({ projection: "Broken", eventType: "Broken", key: "b", sequence: 3, position: 4 })
        expect(String(error)).toContain('projection Broken: Broken (key "b", sequence 3, position 4) failed')
        expect(String(error)).toContain("it is broken")
        expect(yield* view.load(ConsumerId.make("Broken", counterTag), ["a", "b"])).toEqual({
          offset: 0,
          rows: new Map(),
          tombstones: new Map()
        })
      }).pipe(Effect.provide(Memory))
  )

  it.scoped("the host tells what the process failed on, and tries it again", () =>
    Effect.gen(function* () {
      const { name, processes } = counters("Hosted", 1)
      yield* count("a", [1])
      yield* breakIt("a", 1)
      yield* DistributedProcessing.start(name, processes, { backoff: { min: "100 millis", max: "200 millis" } })
      yield* TestClock.adjust("5 seconds")
      const [row] = yield* DistributedProcessing.status(name)
      expect(row?.starts).toBeGreaterThan(2)
      expect(Option.getOrThrow(row?.lastError ?? Option.none())).toContain("sequence 2, position 2")
      const view = yield* CounterView
      expect(yield* view.get("a")).toEqual(Option.some({ version: 1, view: { sum: 1 } }))
    }).pipe(Effect.provide(Hosted))
  )

  it.scoped("a gap that the journal cannot fill ends the process", () =>
    Effect.gen(function* () {
      const journal = yield* CounterJournal
      const view = yield* CounterView
      yield* count("a", [1, 2, 3])
      const consumer = ConsumerId.make("Gap", counterTag)
      const fence = yield* claim("Gap")
      yield* view.commit({ consumer, fence, expected: 0, offset: 3, rows: new Map() })
      yield* count("a", [4], 3)
      const without = (sequences: ReadonlyArray<number>): Journal.Journal<CounterEvent> => ({
        ...journal,
        read: (key, from) => Stream.filter(journal.read(key, from), (event) => !sequences.includes(event.sequence))
      })
      for (const [lost, missing] of [
        [[1], 1],
        [[2], 2],
        [[3], 3],
        [[1, 2, 3, 4], 1]
      ] as const) {
        const process = yield* Effect.provideService(start(counters("Gap")), CounterJournal, without(lost))
        const error = yield* errorOf(process)
        expect(error).toBeInstanceOf(Projection.GapNotHealed)
        expect(error).toMatchObject({ projection: "Gap", key: "a", position: 4, missing, found: 4 })
      }
      expect(yield* view.get("a")).toEqual(Option.none())
      yield* start(counters("Gap"))
      yield* view.awaitReceipt({ key: "a", sequence: 4 }, "1 second")
      expect(yield* view.get("a")).toEqual(Option.some({ version: 4, view: { sum: 10 } }))
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("a page whose own events leave a gap is filled up within", () =>
    Effect.gen(function* () {
      const journal = yield* CounterJournal
      const view = yield* CounterView
      yield* count("a", [1, 2, 4, 8, 16, 32])
      const sparse: Journal.Journal<CounterEvent> = {
        ...journal,
        eventsByTag: (tag, after) =>
          Stream.mapChunks(
            journal.eventsByTag(tag, after),
            Chunk.filter((event) => event.sequence % 3 === 0)
          )
      }
      yield* Effect.provideService(start(counters("Sparse")), CounterJournal, sparse)
      yield* view.awaitReceipt({ key: "a", sequence: 6 }, "1 second")
      expect(yield* view.get("a")).toEqual(Option.some({ version: 6, view: { sum: 63 } }))
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("an offset beyond the journal's head ends the process", () =>
    Effect.gen(function* () {
      const view = yield* CounterView
      yield* count("a", [1, 2])
      const consumer = ConsumerId.make("Beyond", counterTag)
      const fence = yield* claim("Beyond")
      yield* view.commit({ consumer, fence, expected: 0, offset: 3, rows: new Map() })
      const error = yield* errorOf(yield* start(counters("Beyond")))
      expect(error).toMatchObject({ _tag: "OffsetBeyondHead", offset: 3, head: 2 })
    }).pipe(Effect.provide(Memory))
  )

  it.scoped(
    "an offset that somebody else has moved ends the process, whether it has to load or not, and nothing is stored",
    () =>
      Effect.gen(function* () {
        const { calls, store } = yield* recording
        yield* count("a", [1])
        const process = yield* Effect.provideService(start(counters("Moved")), CounterView, store)
        yield* store.awaitReceipt({ key: "a", sequence: 1 }, "1 second")
        const consumer = ConsumerId.make("Moved", counterTag)
        yield* store.commit({ consumer, fence: yield* claim("Moved"), expected: 1, offset: 0, rows: new Map() })
        calls.length = 0
        yield* count("a", [1], 1)
        expect(yield* errorOf(process)).toMatchObject({ _tag: "Fenced" })
        expect(calls).toEqual([])
        const again = yield* Effect.provideService(start(counters("Moved")), CounterView, store)
        yield* store.awaitReceipt({ key: "a", sequence: 2 }, "1 second")
        yield* again.shutdown

        // a row that another run has written is not known to this one
        const third = yield* Effect.provideService(start(counters("Moved")), CounterView, store)
        yield* Effect.repeat(Effect.yieldNow(), { until: () => calls.at(-1)?.[0] === "load" })
        yield* store.commit({ consumer, fence: yield* claim("Moved"), expected: 2, offset: 0, rows: new Map() })
        calls.length = 0
        yield* count("a", [1], 2)
        expect(yield* errorOf(third)).toMatchObject({ _tag: "CommitConflict", view: "counters", expected: 2 })
        expect(calls).toEqual([["load", 1]])
        expect(yield* store.get("a")).toEqual(Option.some({ version: 2, view: { sum: 2 } }))
      }).pipe(Effect.provide(Memory))
  )

  it.scoped("a store that does not answer ends the process with the store's error", () =>
    Effect.gen(function* () {
      const view = yield* CounterView
      yield* count("a", [1])
      const down = new ViewStore.ViewStoreError({ view: "counters", description: "down" })
      const broken = { ...view, commit: () => Effect.fail(down) }
      const process = yield* Effect.provideService(start(counters("Down")), CounterView, broken)
      expect(yield* errorOf(process)).toMatchObject({ _tag: "ViewStoreError", description: "down" })
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("events that were seen already are neither folded nor counted, and the offset never falls", () =>
    Effect.gen(function* () {
      const journal = yield* CounterJournal
      const { calls, store } = yield* recording
      yield* count("a", [1, 2, 3])
      const first = yield* Effect.provideService(start(counters("Again")), CounterView, store)
      yield* store.awaitReceipt({ key: "a", sequence: 3 }, "1 second")
      yield* first.shutdown
      calls.length = 0
      yield* count("a", [10], 3)
      const again = {
        ...journal,
        eventsByTag: (tag: Tagging.EventTag) => Stream.rechunk(Stream.take(journal.eventsByTag(tag, 0), 4), 2)
      }
      const second = yield* start(counters("Again")).pipe(
        Effect.provideService(CounterJournal, again),
        Effect.provideService(CounterView, store)
      )
      yield* second.watchTermination
      expect(calls).toEqual([
        ["load", 0],
        ["load", 1],
        ["load", 1],
        ["commit", 4]
      ])
      expect(yield* store.load(ConsumerId.make("Again", counterTag), ["a"])).toEqual({
        offset: 4,
        rows: new Map([["a", { version: 4, view: { sum: 16 } }]]),
        tombstones: new Map()
      })
      expect(yield* eventsOf("Again")).toBe(4)
    }).pipe(Effect.provide(Memory))
  )
})

/** A view that notes how many keys were loaded and which offsets were committed. */
const recording = Effect.map(CounterView, (view) => {
  const calls: Array<readonly ["load" | "commit", number]> = []
  const store: typeof view = {
    ...view,
    load: (consumer, keys) => Effect.tap(view.load(consumer, keys), () => void calls.push(["load", keys.length])),
    commit: (commit) => Effect.tap(view.commit(commit), () => void calls.push(["commit", commit.offset]))
  }
  return { calls, store }
})

/** What the counter of a projection's events says. */
const eventsOf = (projection: string) =>
  Effect.map(Metric.snapshot, (pairs) => {
    const pair = pairs.find(
      ({ metricKey }) =>
        metricKey.name === "aecor_projection_events" && metricKey.tags.some((label) => label.value === projection)
    )
    return pair !== undefined && "count" in pair.metricState ? pair.metricState.count : 0
  })
