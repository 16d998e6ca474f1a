/** The part of `JournalSuite` about the tags that an event carries beside its partition's. */
import { expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Tagging from "../../Tagging.js"
import type { SharedTests } from "./sharedLayer.js"
import { append, awkward, current, eventsOf, freshKey, head, lastPosition, next, noted, read } from "./suiteJournal.js"
import { type SuiteJournal, taggingName, tagOf } from "./suiteJournal.js"

export const tagging = (it: SharedTests<SuiteJournal>): void => {
  it.effect("shows an event to the readers of each tag that it carries, and to no others", () =>
    Effect.gen(function* () {
      const [one, other, key] = [freshKey("one"), freshKey("other"), freshKey()]
      const texts = [`#${one}`, "plain", `#${one}#${other}`, `#${other}`]
      const offset = yield* head(tagOf(key))
      yield* append(key, 0, ...texts.map(noted))
      const all = yield* read(key)
      const of = (...sequences: ReadonlyArray<number>) => all.filter(({ sequence }) => sequences.includes(sequence))
      expect(yield* current(Tagging.tag(one), 0)).toEqual(of(1, 3))
      expect(yield* current(Tagging.tag(other), 0)).toEqual(of(3, 4))
      expect(yield* current(Tagging.tag(other), lastPosition(of(3)))).toEqual(of(4))
      expect(yield* current(Tagging.tag(one, 1), 0)).toEqual([])
      expect(yield* current(tagOf(key), offset)).toEqual(all)
      expect(yield* head(Tagging.tag(one))).toBe(lastPosition(of(3)))
      expect(yield* head(Tagging.tag(freshKey("none")))).toBe(0)
    })
  )

  it.effect("gives a tag's events in the order of the journal, from keys of every partition, also live", () =>
    Effect.gen(function* () {
      const name = freshKey("live")
      const keys = Array.from({ length: 20 }, () => freshKey())
      const reader = yield* Effect.forkScoped(next(Tagging.tag(name), 0, 40))
      for (const sequence of [0, 1]) {
        yield* Effect.forEach(keys, (key) => append(key, sequence, noted(`#${name}`)), { concurrency: 5 })
      }
      const seen = yield* Fiber.join(reader)
      expect(seen.map(({ position }) => position)).toEqual(
        seen.map(({ position }) => position).toSorted((a, b) => a - b)
      )
      expect(new Set(seen.map(({ id }) => id)).size).toBe(40)
      expect(yield* current(Tagging.tag(name), 0)).toEqual(seen)
    })
  )

  it.effect("takes tags of any characters, and takes different names for different tags", () =>
    Effect.gen(function* () {
      const unique = freshKey()
      const names = awkward.map((text) => `${unique}${text}`)
      for (const name of names) yield* append(freshKey(), 0, noted(`#${name}`))
      for (const name of names) {
        expect((yield* current(Tagging.tag(name), 0)).map(({ event }) => event)).toEqual([noted(`#${name}`)])
      }
    })
  )

  it.effect("counts a tag that an event is given twice once", () =>
    Effect.gen(function* () {
      const name = freshKey("twice")
      const key = freshKey()
      yield* append(key, 0, noted(`#${name}#${name}`))
      expect(yield* current(Tagging.tag(name), 0)).toEqual(yield* read(key))
    })
  )

  it.effect("refuses a tag that has the name of the tagging, and stores nothing", () =>
    Effect.gen(function* () {
      const key = freshKey()
      const error = yield* Effect.flip(append(key, 0, noted("fine"), noted(`#${taggingName}`)))
      expect(error).toMatchObject({ _tag: "JournalError", reason: "Unencodable" })
      expect(error.message).toContain(taggingName)
      expect(yield* eventsOf(key)).toEqual([])
    })
  )
}
