/** The part of `JournalSuite` about code of several ages on one storage: older shapes, and what is newer than the code. */
import { expect } from "@effect/vitest"
import { BigDecimal, Effect, Stream } from "effect"
import type { Journal } from "../../Journal.js"
import type { Offset } from "../../Offset.js"
import type { SharedTests } from "./sharedLayer.js"
import { append, current, EarlierSuiteJournal, Emptied, Faded, freshKey, head, next, noted } from "./suiteJournal.js"
import { read, SuiteJournal, tagOf } from "./suiteJournal.js"
import { Scribbled, Weighed, WeighedV2 } from "./suiteShapes.js"

export const evolution = (it: SharedTests<SuiteJournal | EarlierSuiteJournal>): void => {
  it.effect("reads what earlier code has stored, in an older shape or under another name, as events of today", () =>
    Effect.gen(function* () {
      const earlier = yield* EarlierSuiteJournal
      const key = freshKey()
      const offset = yield* head(tagOf(key))
      const old = [new WeighedV2({ grams: 250 }), new Scribbled({ ink: "once" }), noted("same")]
      yield* earlier.append(key, 0, old, { metadata: { by: "earlier" } })
      yield* append(key, 3, weighed(7n))
      const events = [weighed(250n), noted("once"), noted("same"), weighed(7n)]
      const all = yield* read(key)
      expect(all.map(({ event }) => event)).toEqual(events)
      expect(all[0]).toMatchObject({ key, sequence: 1, metadata: { by: "earlier" } })
      expect(yield* current(tagOf(key), offset)).toEqual(all)
      expect(yield* next(tagOf(key), offset, events.length)).toEqual(all)
    })
  )

  for (const { event, type, version, what } of [
    { what: "a type that it does not know", event: new Emptied(), type: "Emptied", version: 1 },
    { what: "a version that is newer than it", event: weighed(1n), type: "Weighed", version: 3 }
  ]) {
    it.effect(`lets code fail on ${what}, naming all that says which event it is, and never skip it`, () =>
      Effect.gen(function* () {
        const earlier = yield* EarlierSuiteJournal
        const key = freshKey()
        const offset = yield* head(tagOf(key))
        yield* append(key, 0, noted("before"), event, noted("after"))
        const position = (yield* read(key))[1]?.position
        for (const reader of readersOf(earlier, key, offset)) {
          const { error, events } = yield* reader
          expect(events).toEqual([noted("before")])
          expect(error).toMatchObject({ reason: "Undecodable", cause: { _tag: "Unreadable", type, version } })
          for (const part of [`"${type}"`, `version ${version}`, JSON.stringify(key), `position ${position}`]) {
            expect(error.message).toContain(part)
          }
        }
      })
    )
  }

  it.effect("gives all events before one that does not decode, on whatever page it is, then fails", () =>
    Effect.gen(function* () {
      const journal = yield* SuiteJournal
      const key = freshKey()
      const offset = yield* head(tagOf(key))
      const before = Array.from({ length: 1500 }, (_, n) => noted(n))
      yield* append(key, 0, ...before, new Faded({ text: "ink" }), noted("after"))
      for (const reader of readersOf(journal, key, offset)) {
        const { error, events } = yield* reader
        expect(events).toEqual(before)
        expect(error).toMatchObject({ reason: "Undecodable" })
        for (const part of [`"Faded"`, "version 1", key, "forgotten"]) expect(error.message).toContain(part)
      }
    })
  )
}

const weighed = (grams: bigint): Weighed => new Weighed({ grams: BigDecimal.fromBigInt(grams) })

/** Every way to read a key's events: what each gives before it fails, and how it fails. */
const readersOf = <E>(journal: Journal<E>, key: string, offset: Offset) =>
  [journal.read(key, 1), journal.currentEventsByTag(tagOf(key), offset), journal.eventsByTag(tagOf(key), offset)].map(
    (stream) => {
      const events: Array<E> = []
      const reading = Stream.runForEach(stream, ({ event }) => Effect.sync(() => events.push(event)))
      return Effect.map(Effect.flip(reading), (error) => ({ events, error }))
    }
  )
