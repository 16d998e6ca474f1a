/** The part of `JournalSuite` about what was there before: its last event's id, and where it stood at a time. */
import { expect } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import type { SharedTests } from "./sharedLayer.js"
import { append, current, eventsOf, freshKey, noted, read, SuiteJournal, tagOf } from "./suiteJournal.js"

export const history = (it: SharedTests<SuiteJournal>): void => {
  it.effect("answers an append with the id of its last event", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const { lastId } = yield* append(key, 0, noted("a"), noted("b"))
      expect((yield* read(key)).at(-1)?.id).toBe(lastId)
      expect((yield* append(key, 2)).lastId).toBeUndefined()
    })
  )

  it.effect("takes an append that knows the last event, and refuses one that knows another past", () =>
    Effect.gen(function* () {
      const journal = yield* SuiteJournal
      const key = freshKey()
      const { lastId } = yield* append(key, 0, noted("a"))
      yield* journal.append(key, 1, [noted("b")], { lastId })
      const unknown = globalThis.crypto.randomUUID()
      for (const events of [[noted("never")], []]) {
        for (const [expected, id] of [
          [1, unknown],
          [2, lastId],
          [3, lastId]
        ] as const) {
          const error = yield* Effect.flip(journal.append(key, expected, events, { lastId: id }))
          expect(error).toMatchObject({ _tag: "JournalError", reason: "PastChanged" })
          expect(error.message).toContain(key)
        }
      }
      // that others have gone on since is no change of the past
      expect(yield* Effect.flip(journal.append(key, 1, [noted("late")], { lastId }))).toMatchObject({
        _tag: "VersionConflict",
        actual: 2
      })
      expect(yield* eventsOf(key)).toEqual([noted("a"), noted("b")])
    })
  )

  it.effect("knows where the journal stood at a time", () =>
    Effect.gen(function* () {
      const journal = yield* SuiteJournal
      const at = (time: number) => journal.positionAt(DateTime.unsafeMake(time))
      const key = freshKey()
      for (const n of [0, 1, 2]) yield* append(key, n * 2, noted(n), noted(n))
      const events = yield* read(key)
      for (const { timestamp } of events) {
        const offset = yield* at(timestamp)
        expect(offset).toBe(events.findLast((event) => event.timestamp <= timestamp)?.position)
        expect(yield* current(tagOf(key), offset)).toEqual(events.filter((event) => event.timestamp > timestamp))
      }
      expect(yield* at(Number.MAX_SAFE_INTEGER / 1000)).toBe(events.at(-1)?.position)
      expect(yield* at((events[0]?.timestamp ?? 0) - 1)).toBeLessThan(events[0]?.position ?? 0)
      expect(yield* at(0)).toBe(0)
    })
  )
}
