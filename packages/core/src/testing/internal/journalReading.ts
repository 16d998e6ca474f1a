/** The part of `JournalSuite` about readers: by key, by tag, live and up to the head. */
import { expect } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, Queue, Stream } from "effect"
import type { SharedTests } from "./sharedLayer.js"
import { append, current, eventsOf, Faded, freshKey, freshKeysOf, head, lastPosition, next } from "./suiteJournal.js"
import { noted, placeOf, read, SuiteJournal, tagOf, tags } from "./suiteJournal.js"

export const reading = (it: SharedTests<SuiteJournal>): void => {
  it.effect("reads a key from any sequence on", () =>
    Effect.gen(function* () {
      const key = freshKey()
      yield* append(key, 0, ...[1, 2, 3, 4, 5].map(noted))
      for (const from of [1, 2, 5, 6, 9]) {
        const expected = [1, 2, 3, 4, 5].filter((_) => _ >= from)
        expect((yield* read(key, from)).map((_) => [_.sequence, _.event])).toEqual(expected.map((_) => [_, noted(_)]))
      }
      expect(yield* read(freshKey())).toEqual([])
    })
  )

  it.effect("gives each of many readers at once the events of its key, few or many", () =>
    Effect.gen(function* () {
      // around pages of a hundred and of a thousand
      const lengths = [0, 1, 2, 99, 100, 101, 230, 1000, 1001, 1150]
      const histories = yield* Effect.forEach(lengths, (length) => {
        const key = freshKey()
        const written = Array.from({ length }, (_, n) => noted(`${key} ${n + 1}`))
        return Effect.as(length === 0 ? Effect.void : append(key, 0, ...written), { key, written })
      })
      const asked = histories.flatMap((history) => [1, 2, 100, 1001].map((from) => ({ ...history, from })))
      // each of them twice, and some keys that nobody knows
      const strangers = asked.map(({ from }) => ({ key: freshKey(), written: [], from }))
      const found = yield* Effect.forEach(
        [...asked, ...strangers, ...asked],
        ({ from, key, written }) =>
          Effect.map(read(key, from), (events) => [events.map((_) => [_.sequence, _.event]), written, from] as const),
        { concurrency: "unbounded" }
      )
      for (const [events, written, from] of found) {
        expect(events).toEqual(written.map((event, i) => [i + 1, event]).slice(from - 1))
      }
    })
  )

  it.effect("gives a tag's reader the events of the tag's keys only, in the order of their positions", () =>
    Effect.gen(function* () {
      const before = yield* Effect.forEach(tags, head)
      const keys = Array.from({ length: 20 }, () => freshKey())
      for (const sequence of [0, 1]) yield* Effect.forEach(keys, (key) => append(key, sequence, noted(sequence)))
      for (const [index, tag] of tags.entries()) {
        const events = yield* current(tag, before[index] ?? 0)
        const own = keys.filter((key) => tagOf(key) === tag)
        expect(events.map((_) => _.key)).toEqual([...own, ...own])
        expect(isAscending(events.map((_) => _.position))).toBe(true)
      }
    })
  )

  it.effect("knows the position of a tag's last event", () =>
    Effect.gen(function* () {
      const [one, other] = [tags[0], tags[1]] as const
      if (one === undefined || other === undefined) return yield* Effect.dieMessage("the suite has four tags")
      const [key = ""] = freshKeysOf(one, 1)
      const { position } = yield* append(key, 0, noted("a"), noted("b"))
      const [foreign = ""] = freshKeysOf(other, 1)
      yield* append(foreign, 0, noted("c"))
      expect(yield* head(one)).toBe(position)
      expect(yield* current(one, position)).toEqual([])
    })
  )

  it.effect("counts the events of a tag after an offset, and tells since when there are any", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const { behind } = yield* SuiteJournal
      const offset = yield* head(tagOf(key))
      expect(yield* behind(tagOf(key), offset)).toEqual({ events: 0, since: Option.none() })
      yield* append(key, 0, noted("a"), noted("b"))
      const { position } = yield* append(key, 2, noted("c"))
      const events = yield* current(tagOf(key), offset)
      expect(events.length).toBe(3)
      for (const [i, event] of events.entries()) {
        const after = events[i - 1]?.position ?? offset
        expect(yield* behind(tagOf(key), after)).toEqual({ events: 3 - i, since: Option.some(event.timestamp) })
      }
      expect(yield* behind(tagOf(key), position)).toEqual({ events: 0, since: Option.none() })
      expect((yield* behind(tagOf(key), 0)).events).toBe((yield* current(tagOf(key), 0)).length)
    })
  )

  it.effect("ends the current events of a tag at what was its head, whatever is appended meanwhile", () =>
    Effect.gen(function* () {
      const journal = yield* SuiteJournal
      const [key = "", later = ""] = freshKeysOf(tagOf(freshKey()), 2)
      const offset = yield* head(tagOf(key))
      yield* append(key, 0, ...[1, 2, 3].map(noted))
      const seen = yield* journal.currentEventsByTag(tagOf(key), offset).pipe(
        Stream.rechunk(1),
        Stream.tap((event) => Effect.when(append(later, 0, noted("later")), () => event.sequence === 1)),
        Stream.runCollect
      )
      expect([...seen].map((_) => _.event)).toEqual([1, 2, 3].map(noted))
      expect(yield* eventsOf(later)).toEqual([noted("later")])
    })
  )

  it.effect("goes on after any offset without missing or repeating an event", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const offset = yield* head(tagOf(key))
      for (const n of [0, 1, 2, 3]) yield* append(key, n * 2, noted(n), noted(n))
      const all = yield* current(tagOf(key), offset)
      expect(all).toHaveLength(8)
      for (const [index, event] of all.entries()) {
        const rest = all.slice(index + 1)
        expect(yield* current(tagOf(key), event.position)).toEqual(rest)
        expect(yield* next(tagOf(key), event.position, rest.length)).toEqual(rest)
      }
    })
  )

  it.effect("shows a live reader what is stored already, and each later event as it comes", () =>
    Effect.gen(function* () {
      const journal = yield* SuiteJournal
      const key = freshKey()
      const offset = yield* head(tagOf(key))
      yield* append(key, 0, noted(1), noted(2))
      const seen = yield* Queue.unbounded<unknown>()
      const reader = yield* journal.eventsByTag(tagOf(key), offset).pipe(
        Stream.runForEach((event) => Queue.offer(seen, event.event)),
        Effect.forkScoped
      )
      expect(yield* Queue.take(seen)).toEqual(noted(1))
      expect(yield* Queue.take(seen)).toEqual(noted(2))
      for (const n of [3, 4, 5, 6]) {
        yield* append(key, n - 1, noted(n))
        expect(yield* Queue.take(seen)).toEqual(noted(n))
      }
      yield* Fiber.interrupt(reader)
      yield* append(key, 6, noted("unseen"))
      expect(yield* Queue.size(seen)).toBe(0)
    })
  )

  it.effect("lets every live reader go its own way: a slow one holds up nobody and loses nothing", () =>
    Effect.gen(function* () {
      const journal = yield* SuiteJournal
      const key = freshKey()
      const offset = yield* head(tagOf(key))
      const gate = yield* Deferred.make<void>()
      const slow = yield* journal.eventsByTag(tagOf(key), offset).pipe(
        Stream.tap(() => Deferred.await(gate)),
        Stream.take(200),
        Stream.runCollect,
        Effect.forkScoped
      )
      const quick = yield* Effect.forkScoped(next(tagOf(key), offset, 200))
      for (const n of Array.from({ length: 100 }, (_, i) => i)) yield* append(key, n * 2, noted(n), noted(n))
      const events = yield* Fiber.join(quick)
      yield* Deferred.succeed(gate, undefined)
      expect([...(yield* Fiber.join(slow))].map(placeOf)).toEqual(events.map(placeOf))
      expect(lastPosition(events)).toBe(yield* head(tagOf(key)))
    })
  )

  it.effect("fails on an event that does not decode, and names it; other tags go on", () =>
    Effect.gen(function* () {
      const [key = ""] = freshKeysOf(tags[0] ?? tagOf(""), 1)
      const offset = yield* head(tagOf(key))
      yield* append(key, 0, new Faded({ text: "ink" }))
      const position = yield* head(tagOf(key))
      for (const reader of [read(key), current(tagOf(key), offset), next(tagOf(key), offset, 1)]) {
        const error = yield* Effect.flip(reader)
        expect(error).toMatchObject({ _tag: "JournalError", reason: "Undecodable" })
        for (const part of ["Faded", key, String(position)]) expect(error.description).toContain(part)
      }
      const [other = ""] = freshKeysOf(tags[1] ?? tagOf(""), 1)
      const before = yield* head(tagOf(other))
      yield* append(other, 0, noted("fine"))
      expect((yield* next(tagOf(other), before, 1)).map((_) => _.event)).toEqual([noted("fine")])
      expect(yield* current(tagOf(key), position)).toEqual([])
    })
  )
}

const isAscending = (positions: ReadonlyArray<number>): boolean =>
  positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0))
