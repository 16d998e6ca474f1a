// A journal through a pooler in transaction mode: appends and readers, also while the pooler is killed.
import type { PgJournal } from "@aecor/journal-pg"
import { TcpProxy } from "@aecor/journal-pg/testing"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Option, Queue, Ref, Stream } from "effect"
import { newDatabase } from "./fixtures/database.js"
import { journalOf, migrate, noted, NoteJournal, observer, stored, until } from "./fixtures/journal.js"
import { untilWaiting, whileLocked } from "./fixtures/journal.js"
import { name, pooler, settings } from "./fixtures/pooler.js"

describe(`a journal through ${name}`, () => {
  it.scopedLive("live readers see by polling what others append", () =>
    Effect.gen(function* () {
      const { direct, open } = yield* scene
      const journal = yield* open()
      const tag = NoteJournal.tagging.tagOf("a")
      for (let n = 1; n <= 3; n++) {
        const seen = yield* Effect.fork(Stream.runCollect(Stream.take(journal.eventsByTag(tag, 0), n)))
        yield* direct.append("a", n - 1, [noted(`${n}`)])
        expect([...(yield* Fiber.join(seen))].map(({ event }) => event.text)).toEqual(
          Array.from({ length: n }, (_, i) => `${i + 1}`)
        )
      }
    })
  )

  it.scopedLive("appends of many writers are stored together, on one connection of the journal's own", () =>
    Effect.gen(function* () {
      const { open, sql } = yield* scene
      const journal = yield* open()
      const keys = Array.from({ length: 64 }, (_, i) => `k-${i}`)
      yield* Effect.forEach(
        keys,
        (key) => Effect.forEach([0, 1, 2, 3, 4], (n) => journal.append(key, n, [noted("x")])),
        { concurrency: "unbounded" }
      )
      const rows = yield* stored(sql)
      expect(rows.length).toBe(320)
      expect(new Set(rows.map(({ at }) => at)).size).toBeLessThan(32)
    })
  )

  it.scopedLive("an append whose pooler is killed while it waits for the lock counts once", () =>
    Effect.gen(function* () {
      const { open, sql, whileDown } = yield* scene
      const journal = yield* open()
      const append = yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const sent = yield* Effect.forkDaemon(journal.append("a", 0, [noted("1"), noted("2")]))
          yield* untilWaiting(sql, 1)
          yield* whileDown(Effect.void)
          // the first backend knows nothing of it, and waits on
          yield* untilWaiting(sql, 2)
          return sent
        })
      )
      expect(yield* Fiber.join(append)).toMatchObject({ sequence: 2 })
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["1", "2"])
      expect(yield* journal.append("a", 2, [noted("3")])).toMatchObject({ sequence: 3 })
    })
  )

  it.scopedLive("an append whose pooler does not come back ends in doubt, and is stored nevertheless", () =>
    Effect.gen(function* () {
      const { open, sql, whileDown } = yield* scene
      const journal = yield* open({ patience: "500 millis" })
      yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const sent = yield* Effect.forkDaemon(Effect.flip(journal.append("a", 0, [noted("1")])))
          yield* untilWaiting(sql, 1)
          const error = yield* whileDown(Fiber.join(sent))
          expect(error).toMatchObject({ _tag: "InDoubt", key: "a", expected: 0 })
        })
      )
      yield* until(
        "the append",
        Effect.map(stored(sql), (rows) => Option.liftPredicate(rows, (_) => _.length === 1))
      )
    })
  )

  it.scopedLive(
    "writers and readers go on through a pooler that is killed three times: nothing is lost or doubled",
    () =>
      Effect.gen(function* () {
        const { open, sql, whileDown } = yield* scene
        const journal = yield* open()
        const keys = Array.from({ length: 8 }, (_, i) => `k-${i}`)
        const done = yield* Ref.make(false)
        const write = Effect.fnUntraced(function* (key: string) {
          let sequence = 0
          while (!(yield* Ref.get(done))) {
            sequence = (yield* journal.append(key, sequence, [noted(`${key}/${sequence + 1}`)])).sequence
          }
          return sequence
        })
        const writing = yield* Effect.forEach(keys, (key) => Effect.fork(write(key)))
        for (let kill = 1; kill <= 3; kill++) {
          yield* whileDown(Effect.void)
          const length = (yield* stored(sql)).length
          yield* until(
            "more events",
            Effect.map(stored(sql), (rows) => Option.liftPredicate(rows, (_) => _.length >= length + 30))
          )
        }
        yield* Ref.set(done, true)
        const sequences = yield* Fiber.join(Fiber.all(writing))
        const texts = (yield* stored(sql)).map(({ text }) => text).toSorted()
        const expected = keys.flatMap((key, i) =>
          Array.from({ length: sequences[i] ?? 0 }, (_, n) => `${key}/${n + 1}`)
        )
        expect(texts).toEqual(expected.toSorted())
        for (const tag of NoteJournal.tagging.tags) {
          const own = (yield* stored(sql)).filter(
            ({ key }) => NoteJournal.tagging.tagOf(key).partition === tag.partition
          )
          const seen = yield* Stream.runCollect(Stream.take(journal.eventsByTag(tag, 0), own.length))
          expect([...seen].map(({ position }) => position)).toEqual(own.map(({ position }) => position))
        }
      })
  )

  it.scopedLive("a connection on which nothing is heard is given back as it was", () =>
    Effect.gen(function* () {
      const { through, url } = yield* scene
      const said = yield* Queue.unbounded<string>()
      const wire = yield* TcpProxy.make(through(url), {
        onSent: (bytes) => {
          for (const statement of ['LISTEN "aecor"', "pg_notify", "UNLISTEN *"]) {
            if (bytes.includes(statement)) said.unsafeOffer(statement)
          }
          return true
        }
      })
      const journal = yield* journalOf(wire.url, settings)
      yield* Effect.fork(Stream.runDrain(journal.eventsByTag(NoteJournal.tagging.tagOf("a"), 0)))
      expect([...(yield* Queue.takeN(said, 3))]).toEqual(['LISTEN "aecor"', "pg_notify", "UNLISTEN *"])
    })
  )
})

/** A database with the journal's table, and journals on it: through a pooler, and directly. */
const scene = Effect.gen(function* () {
  const url = yield* newDatabase
  yield* migrate(url)
  const before = yield* pooler
  return {
    url,
    through: before.through,
    whileDown: before.whileDown,
    sql: yield* observer(url),
    direct: yield* journalOf(url),
    open: (more: PgJournal.Settings = {}) => journalOf(before.through(url), { ...settings, ...more })
  }
})
