/** The part of `JournalSuite` about writers that race each other, and readers that follow them. */
import { expect } from "@effect/vitest"
import { Effect, Either, FastCheck, Fiber, Stream } from "effect"
import type { Offset } from "../../Offset.js"
import type { EventTag } from "../../Tagging.js"
import type { SharedTests } from "./sharedLayer.js"
import { append, eventsOf, freshKey, head, noted, placeOf, read, SuiteJournal, tagOf, tags } from "./suiteJournal.js"

export const concurrency = (it: SharedTests<SuiteJournal>): void => {
  it.effect("lets one of many writers win that expect the same sequence", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, writer) => writer),
        (writer) => Effect.either(append(key, 0, noted(writer), noted(writer))),
        { concurrency: "unbounded" }
      )
      const won = outcomes.flatMap((outcome, writer) => (Either.isRight(outcome) ? [writer] : []))
      expect(won).toHaveLength(1)
      for (const lost of outcomes.filter(Either.isLeft)) {
        expect(lost.left).toMatchObject({ _tag: "VersionConflict", key, expected: 0, actual: 2 })
      }
      expect(yield* eventsOf(key)).toEqual([...won, ...won].map(noted))
    })
  )

  it.effect("loses and doubles nothing when writers of one key try again after each conflict", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const writers = Array.from({ length: 8 }, (_, writer) => writer)
      yield* Effect.forEach(
        writers,
        (writer) => Effect.forEach([0, 1, 2, 3, 4], (n) => insist(key, 0, `${writer}/${n}`)),
        { concurrency: "unbounded", discard: true }
      )
      const events = yield* read(key)
      expect(events.map((_) => _.sequence)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
      const expected = writers.flatMap((writer) => [0, 1, 2, 3, 4].map((n) => noted(`${writer}/${n}`)))
      expect(events.map((_) => _.event).toSorted(byText)).toEqual(expected.toSorted(byText))
    })
  )

  it.effect("shows live readers every event once and in order, though many writers append at once", () =>
    Effect.gen(function* () {
      const keys = Array.from({ length: 40 }, () => freshKey())
      yield* followed(keys, (key) =>
        Effect.forEach([0, 1, 2, 3, 4], (n) => append(key, n, noted(n)), { discard: true })
      )
    })
  )

  it.prop(
    "misses nothing, however the appends of several keys are mixed",
    { sizes: FastCheck.array(FastCheck.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 }) },
    ({ sizes }) =>
      Effect.gen(function* () {
        const sizeOf = new Map(sizes.map((size) => [freshKey(), size]))
        yield* followed([...sizeOf.keys()], (key) =>
          append(key, 0, ...Array.from({ length: sizeOf.get(key) ?? 0 }, (_, n) => noted(n)))
        )
      }),
    20
  )
}

/** Writes to all keys at once while every tag is read, by one reader from before and by one that joins meanwhile. */
const followed = <A, E>(keys: ReadonlyArray<string>, write: (key: string) => Effect.Effect<A, E, SuiteJournal>) =>
  Effect.gen(function* () {
    const starts = yield* Effect.forEach(tags, (tag) => Effect.map(head(tag), (offset) => ({ tag, offset })))
    const early = yield* Effect.forEach(starts, ({ tag, offset }) => Effect.forkScoped(untilMarked(tag, offset)))
    const writing = yield* Effect.forkScoped(Effect.forEach(keys, write, { concurrency: "unbounded", discard: true }))
    const late = yield* Effect.forEach(starts, ({ tag, offset }) => Effect.forkScoped(untilMarked(tag, offset)))
    yield* Fiber.join(writing)
    // appended after all others, so a reader that has seen it must have seen all others
    yield* Effect.forEach(tags, (tag) => append(markerOf(tag), 0, noted("end")))
    for (const [index, { tag }] of starts.entries()) {
      const written = yield* Effect.forEach(
        keys.filter((key) => tagOf(key) === tag),
        (key) => read(key)
      )
      const expected = written.flat().toSorted((a, b) => a.position - b.position)
      for (const readers of [early, late]) {
        const seen = readers[index] === undefined ? [] : yield* Fiber.join(readers[index])
        expect(seen.map(placeOf)).toEqual(expected.map(placeOf))
      }
    }
  })

/** The events of a tag until its marker comes. */
const untilMarked = (tag: EventTag, after: Offset) =>
  Effect.flatMap(SuiteJournal, (journal) =>
    journal.eventsByTag(tag, after).pipe(
      Stream.takeWhile((event) => !event.key.startsWith("marker-")),
      Stream.runCollect,
      Effect.map((events) => [...events])
    )
  )

const markerOf = (tag: EventTag): string => {
  const key = freshKey("marker")
  return tagOf(key) === tag ? key : markerOf(tag)
}

/** Appends at whatever the head turns out to be. */
const insist = (key: string, expected: number, text: string): Effect.Effect<void, unknown, SuiteJournal> =>
  Effect.catchTag(append(key, expected, noted(text)), "VersionConflict", ({ actual }) => insist(key, actual, text))

const byText = (a: unknown, b: unknown): number => JSON.stringify(a).localeCompare(JSON.stringify(b))
