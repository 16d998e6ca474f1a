/** The part of `JournalSuite` about appends: sequences, conflicts, whole or not at all, what is given back. */
import { expect } from "@effect/vitest"
import { BigDecimal, DateTime, Effect, Either, FastCheck, Option } from "effect"
import { JournalError, VersionConflict } from "../../JournalError.js"
import type { SharedTests } from "./sharedLayer.js"
import { anyEvent, anyText, append, Emptied, eventsOf, freshKey, Measured, noted, read, tagOf } from "./suiteJournal.js"
import { awkward, current, head, type SuiteEvent, SuiteJournal, unencodable } from "./suiteJournal.js"

export const appending = (it: SharedTests<SuiteJournal>): void => {
  it.effect("counts the events of a key from 1, without holes", () =>
    Effect.gen(function* () {
      const key = freshKey()
      expect((yield* append(key, 0, noted("a"))).sequence).toBe(1)
      expect((yield* append(key, 1, noted("b"), noted("c"))).sequence).toBe(3)
      expect((yield* append(key, 3, noted("d"))).sequence).toBe(4)
      const events = yield* read(key)
      expect(events.map((_) => _.sequence)).toEqual([1, 2, 3, 4])
      expect(events.map((_) => _.event)).toEqual([noted("a"), noted("b"), noted("c"), noted("d")])
    })
  )

  it.effect("answers an append with the position of its last event", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const { position } = yield* append(key, 0, noted("a"), noted("b"))
      expect((yield* read(key)).at(-1)?.position).toBe(position)
      expect(yield* head(tagOf(key))).toBe(position)
    })
  )

  it.effect("refuses an append that expects another sequence, and says which it is", () =>
    Effect.gen(function* () {
      const key = freshKey()
      yield* append(key, 0, noted("a"), noted("b"))
      for (const expected of [0, 1, 3, 7]) {
        const error = yield* Effect.flip(append(key, expected, noted("never")))
        expect(error).toBeInstanceOf(VersionConflict)
        expect(error).toMatchObject({ key, expected, actual: 2 })
      }
      const unknown = freshKey()
      expect(yield* Effect.flip(append(unknown, 1, noted("never")))).toMatchObject({ expected: 1, actual: 0 })
      expect(yield* eventsOf(key)).toEqual([noted("a"), noted("b")])
      expect(yield* eventsOf(unknown)).toEqual([])
    })
  )

  it.effect("stores several events together, or none of them", () =>
    Effect.gen(function* () {
      const key = freshKey()
      yield* append(key, 0, noted("a"))
      yield* Effect.flip(append(key, 0, noted("b"), noted("c"), noted("d")))
      const error = yield* Effect.flip(append(key, 1, noted("b"), unencodable(measured), noted("d")))
      expect(error).toBeInstanceOf(JournalError)
      expect(error).toMatchObject({ reason: "Unencodable" })
      expect(yield* eventsOf(key)).toEqual([noted("a")])
      yield* append(key, 1, noted("b"), noted("c"))
      expect((yield* read(key)).map((_) => _.sequence)).toEqual([1, 2, 3])
    })
  )

  it.effect("checks the head when there are no events to store", () =>
    Effect.gen(function* () {
      const key = freshKey()
      expect(yield* append(key, 0)).toEqual({ sequence: 0, position: 0 })
      yield* append(key, 0, noted("a"))
      const before = yield* head(tagOf(key))
      expect(yield* append(key, 1)).toEqual({ sequence: 1, position: 0 })
      for (const expected of [0, 2]) {
        expect(yield* Effect.flip(append(key, expected))).toMatchObject({
          _tag: "VersionConflict",
          expected,
          actual: 1
        })
      }
      expect(yield* eventsOf(key)).toEqual([noted("a")])
      expect(yield* head(tagOf(key))).toBe(before)
    })
  )

  it.effect("gives metadata, ids and times back, to every reader the same", () =>
    Effect.gen(function* () {
      const journal = yield* SuiteJournal
      const key = freshKey()
      const offset = yield* head(tagOf(key))
      const metadata = { "aecor.command": "c-1", 'strange "key" ü': "it's; \\ \u2028 🙂", empty: "" }
      yield* journal.append(key, 0, [noted("a"), noted("b")], { metadata })
      yield* journal.append(key, 2, [noted("c")])
      const events = yield* read(key)
      expect(events.map((_) => _.metadata)).toEqual([metadata, metadata, {}])
      expect(new Set(events.map((_) => _.id)).size).toBe(3)
      expect(events.every((_) => _.id !== "" && Number.isInteger(_.timestamp))).toBe(true)
      expect(events.map((_) => _.timestamp)).toEqual(events.map((_) => _.timestamp).toSorted((a, b) => a - b))
      expect(events.map((_) => _.key)).toEqual([key, key, key])
      expect(yield* current(tagOf(key), offset)).toEqual(events)
    })
  )

  it.effect("gives fields of every type back", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const other = new Measured({ ...measured, amount: BigDecimal.unsafeFromString("-12345678901234567890.0001") })
      const events = [measured, new Emptied(), other, new Measured({ ...measured, comment: Option.none(), flags: [] })]
      yield* append(key, 0, ...events)
      expect(yield* eventsOf(key)).toEqual(events)
    })
  )

  it.prop(
    "gives any events back as they were",
    { events: FastCheck.array(anyEvent, { maxLength: 5 }) },
    ({ events }) =>
      Effect.gen(function* () {
        const key = freshKey()
        yield* append(key, 0, ...events)
        expect(yield* eventsOf(key)).toEqual(events)
      }),
    50
  )

  it.effect("takes keys of any characters, and takes different texts for different keys", () =>
    Effect.gen(function* () {
      const unique = freshKey()
      const keys = awkward.map((text) => `${unique}${text}`)
      yield* Effect.forEach(keys, (key, index) => append(key, 0, noted(index)))
      for (const [index, key] of keys.entries()) {
        const events = yield* read(key)
        expect(events.map((_) => [_.key, _.event])).toEqual([[key, noted(index)]])
        expect(yield* Effect.flip(append(key, 0, noted("never")))).toMatchObject({ key, actual: 1 })
      }
    })
  )

  it.prop(
    "finds the events of any key by its tag",
    { text: anyText },
    ({ text }) =>
      Effect.gen(function* () {
        const key = `${text}-${freshKey()}`
        const offset = yield* head(tagOf(key))
        yield* append(key, 0, noted(text))
        expect((yield* current(tagOf(key), offset)).map((_) => [_.key, _.event])).toEqual([[key, noted(text)]])
      }),
    50
  )

  it.prop(
    "does what a list a key would do",
    { steps: FastCheck.array(anyStep, { maxLength: 15 }) },
    ({ steps }) =>
      Effect.gen(function* () {
        const keys = [freshKey(), freshKey(), freshKey()]
        const model = new Map<string, ReadonlyArray<SuiteEvent>>()
        for (const { which, events, wrong } of steps) {
          const key = keys[which] ?? ""
          const known = model.get(key) ?? []
          const expected = Math.max(0, known.length + wrong)
          const appended = yield* Effect.either(append(key, expected, ...events))
          expect(Either.isRight(appended)).toBe(expected === known.length)
          if (Either.isRight(appended)) {
            model.set(key, [...known, ...events])
            expect(appended.right.sequence).toBe(known.length + events.length)
          } else {
            expect(appended.left).toMatchObject({ _tag: "VersionConflict", key, expected, actual: known.length })
          }
        }
        for (const key of keys) expect(yield* eventsOf(key)).toEqual(model.get(key) ?? [])
      }),
    30
  )
}

/** An append that expects the right sequence most of the time. */
const anyStep = FastCheck.record({
  which: FastCheck.nat({ max: 2 }),
  events: FastCheck.array(FastCheck.nat({ max: 99 }).map(noted), { maxLength: 3 }),
  wrong: FastCheck.constantFrom(0, 0, 0, -1, 1)
})

const measured = new Measured({
  at: DateTime.unsafeMake("2024-02-29T23:59:59.999Z"),
  day: new Date("1969-12-31T00:00:00.001Z"),
  amount: BigDecimal.unsafeFromString("0.10"),
  count: -7,
  flags: [true, false],
  comment: Option.some('it\'s "quoted" – 50 % of C:\\temp\n\t🙂'),
  nested: { by: "ann", times: 0 }
})
