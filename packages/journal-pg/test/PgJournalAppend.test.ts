import { JournalError } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Effect, Either, Exit, Fiber, Scope, Stream } from "effect"
import {
  journalOf,
  noted,
  oneBatch,
  settled,
  stored,
  table,
  untilWaiting,
  waitingBackends,
  whileLocked,
  withJournal
} from "./fixtures/journal.js"

it.live("64 writers on few keys, in two processes: what is acknowledged is stored, once and without holes", () =>
  withJournal(({ journal: one, sql, url }) =>
    Effect.gen(function* () {
      const two = yield* journalOf(url)
      const heads = new Map<string, number>()
      let acknowledged = 0
      const writer = (i: number) =>
        Effect.gen(function* () {
          const key = `k-${i % 5}`
          for (let n = 0; n < 10; n++) {
            const expected = heads.get(key) ?? 0
            const events = Array.from({ length: 1 + (n % 3) }, (_, j) => noted(`${i}.${n}.${j}`))
            const answer = yield* Effect.either((i % 2 === 0 ? one : two).append(key, expected, events))
            if (Either.isRight(answer)) {
              acknowledged += events.length
              heads.set(key, Math.max(heads.get(key) ?? 0, answer.right.sequence))
            } else {
              const { left: error } = answer
              expect(error).toBeInstanceOf(JournalError.VersionConflict)
              if (error._tag === "VersionConflict") heads.set(key, Math.max(heads.get(key) ?? 0, error.actual))
            }
          }
        })
      yield* Effect.forEach(
        Array.from({ length: 64 }, (_, i) => i),
        writer,
        { concurrency: "unbounded" }
      )
      const rows = yield* stored(sql)
      expect(acknowledged).toBeGreaterThan(50)
      expect(rows.length).toBe(acknowledged)
      expect(new Set(rows.map(({ text }) => text)).size).toBe(acknowledged)
      for (const key of heads.keys()) {
        const sequences = rows.filter((row) => row.key === key).map(({ sequence }) => sequence)
        expect(sequences).toEqual(sequences.map((_, i) => i + 1))
      }
    })
  )
)

it.live("appends that arrive together are stored together, and time never falls as positions grow", () =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      const keys = Array.from({ length: 64 }, (_, i) => `k-${i}`)
      const write = (key: string) =>
        Effect.forEach([0, 1, 2, 3, 4], (expected) => journal.append(key, expected, [noted("x")]))
      yield* Effect.forEach(keys, write, { concurrency: "unbounded" })
      const rows = yield* stored(sql)
      expect(rows.length).toBe(320)
      expect(new Set(rows.map(({ at }) => at)).size).toBeLessThan(32)
      expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).toSorted())
    })
  )
)

it.live("the time of an event is that of its storing, not of its sending, and never that of an earlier one", () =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      const now = Effect.map(sql<{ at: string }>`SELECT clock_timestamp()::text AS at`, (rows) => rows[0]?.at ?? "")
      const [append, released] = yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const waiting = yield* Effect.forkDaemon(journal.append("a", 0, [noted("x")]))
          yield* untilWaiting(sql, 1)
          return [waiting, yield* now] as const
        })
      )
      yield* Fiber.join(append)
      expect((yield* stored(sql)).map(({ at }) => at > released)).toEqual([true])
      // as if the server's clock had been set back
      yield* sql.unsafe(`UPDATE ${table} SET "timestamp" = "timestamp" + interval '1 hour'`)
      yield* journal.append("a", 1, [noted("y")])
      const [first, second] = yield* stored(sql)
      expect(second?.at).toBe(first?.at)
    })
  )
)

it.live("a stale append fails alone: its neighbours in the batch are stored", () =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      yield* journal.append("stale", 0, [noted("1")])
      const outcomes = yield* oneBatch(sql, journal, [
        () => journal.append("a", 0, [noted("a")]),
        () => journal.append("stale", 0, [noted("no"), noted("no")]),
        () => journal.append("ahead", 7, [noted("no")]),
        () => journal.append("empty", 1, []),
        () => journal.append("b", 0, [noted("b1"), noted("b2")])
      ])
      expect(outcomes.map((outcome) => (Either.isLeft(outcome) ? outcome.left : null))).toMatchObject([
        null,
        { _tag: "VersionConflict", key: "stale", expected: 0, actual: 1 },
        { _tag: "VersionConflict", key: "ahead", expected: 7, actual: 0 },
        { _tag: "VersionConflict", key: "empty", expected: 1, actual: 0 },
        null
      ])
      const rows = yield* stored(sql)
      expect(rows.map(({ text }) => text)).toEqual(["1", "first", "a", "b1", "b2"])
      expect(new Set(rows.slice(2).map(({ at }) => at)).size).toBe(1)
    })
  )
)

it.live("an append that Postgres refuses for its values fails alone", () =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      yield* sql.unsafe(`ALTER TABLE ${table} ADD CHECK (payload->>'text' <> 'refused')`)
      const outcomes = yield* oneBatch(sql, journal, [
        () => journal.append("a", 0, [noted("a")]),
        () => journal.append("bad", 0, [noted("good"), noted("refused")]),
        () => journal.append("b", 0, [noted("b")])
      ])
      expect(outcomes.map(Either.isRight)).toEqual([true, false, true])
      expect(outcomes[1]).toMatchObject({ left: { _tag: "JournalError", reason: "Unencodable" } })
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["first", "a", "b"])
    })
  )
)

it.live("what Postgres could not store as it is, is refused before it is sent", () =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      const refused = (key: string, text: string) =>
        Effect.map(Effect.flip(journal.append(key, 0, [noted("before"), noted(text)])), (error) =>
          expect(error).toMatchObject({ _tag: "JournalError", reason: "Unencodable", journal: "NoteJournal" })
        )
      yield* refused("nul", "a\u0000b")
      yield* refused("half", "\ud83d")
      yield* refused("key\u0000", "x")
      yield* refused("key\udc00", "x")
      yield* journal.append("fine", 0, [noted("\\u0000"), noted("🎫"), noted("\\\\ud83d")])
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["\\u0000", "🎫", "\\\\ud83d"])
    })
  )
)

it.live("what cannot be asked as it is takes nothing from those who read beside it", () =>
  withJournal(({ journal }) =>
    Effect.gen(function* () {
      // what half a surrogate pair becomes on its way
      yield* journal.append("\ufffd", 0, [noted("a"), noted("b")])
      const read = (key: string, from = 1) =>
        Effect.either(
          Effect.map(Stream.runCollect(journal.read(key, from)), (all) => [...all].map(({ event }) => event.text))
        )
      const [, , half, whole, refused, endless, between, beyond] = yield* Effect.all(
        [
          read("first"),
          read("second"),
          read("\ud800"),
          read("\ufffd"),
          read("\ufffd\u0000"),
          read("endless", Number.POSITIVE_INFINITY),
          read("between", 1.5),
          read("\ufffd", Number.MAX_SAFE_INTEGER)
        ],
        { concurrency: "unbounded" }
      )
      expect(Either.isRight(half)).toBe(true)
      expect(whole).toEqual(Either.right(["a", "b"]))
      expect([refused, endless, between].map(Either.isLeft)).toEqual([true, true, true])
      expect(beyond).toEqual(Either.right([]))
      expect(yield* read("\ufffd", 2)).toEqual(Either.right(["b"]))
    })
  )
)

it.live("interrupting callers leaves the batch alone: what is on its way is stored, what waits is not", () =>
  withJournal(({ journal, sql }) =>
    Effect.gen(function* () {
      const [after] = yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const sent = yield* Effect.forkDaemon(journal.append("sent", 0, [noted("sent")]))
          yield* untilWaiting(sql, 1)
          const queued = yield* Effect.forkDaemon(journal.append("queued", 0, [noted("queued")]))
          const kept = yield* Effect.forkDaemon(journal.append("kept", 0, [noted("kept")]))
          yield* settled
          yield* Fiber.interruptAll([sent, queued])
          expect((yield* waitingBackends(sql)).length).toBe(1)
          return [kept] as const
        })
      )
      expect(yield* Fiber.join(after)).toMatchObject({ sequence: 1 })
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["sent", "kept"])
    })
  )
)

it.live("closing the journal lets what it has taken be stored, and refuses what comes later", () =>
  withJournal(({ sql, url }) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const journal = yield* Scope.extend(journalOf(url), scope)
      const [appends, closing] = yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const taken = yield* Effect.forEach(
            Array.from({ length: 10 }, (_, i) => i),
            (i) => Effect.forkDaemon(journal.append(`k-${i}`, 0, [noted(`${i}`)]))
          )
          yield* untilWaiting(sql, 1)
          const closed = yield* Effect.forkDaemon(Scope.close(scope, Exit.void))
          yield* settled
          const late = yield* Effect.flip(journal.append("late", 0, [noted("late")]))
          expect(late).toMatchObject({ _tag: "JournalError", reason: "Unavailable" })
          return [taken, closed] as const
        })
      )
      yield* Fiber.joinAll(appends)
      yield* Fiber.join(closing)
      expect((yield* stored(sql)).length).toBe(10)
    })
  )
)
