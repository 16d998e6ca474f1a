// What becomes of an append whose connection dies: it takes effect once, and nobody is told that it has not.
import { TcpProxy } from "@aecor/journal-pg/testing"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import * as appendCall from "../src/internal/appendCall.js"
import { tableName } from "../src/internal/identifier.js"
import * as Dedicated from "../src/internal/dedicated.js"
import { statements } from "../src/internal/journalStatements.js"
import { statement } from "../src/internal/statement.js"
import { newDatabase } from "./fixtures/database.js"
import {
  journalOf,
  migrate,
  noted,
  NoteJournal,
  observer,
  stored,
  table,
  until,
  untilWaiting,
  whileLocked
} from "./fixtures/journal.js"

it.live("a backend terminated while it waits for the lock: the append is sent again and stored once", () =>
  withProxy(({ journal, sql }) =>
    Effect.gen(function* () {
      const append = yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const sent = yield* Effect.forkDaemon(journal.append("a", 0, [noted("1"), noted("2")]))
          const [pid] = yield* untilWaiting(sql, 1)
          yield* sql`SELECT pg_terminate_backend(${pid})`
          yield* until(
            "another backend",
            Effect.map(untilWaiting(sql, 1), ([next]) => Option.liftPredicate(next, (_) => _ !== pid))
          )
          return sent
        })
      )
      expect(yield* Fiber.join(append)).toMatchObject({ sequence: 2 })
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["1", "2"])
    })
  )
)

it.live(
  "a client cut off while its backend waits for the lock: the backend commits later, and the append counts once",
  () =>
    withProxy(({ journal, proxy, sql }) =>
      Effect.gen(function* () {
        const appends = yield* whileLocked(
          sql,
          Effect.gen(function* () {
            const sent = yield* Effect.forkDaemon(journal.append("a", 0, [noted("1"), noted("2")]))
            yield* untilWaiting(sql, 1)
            proxy.cut()
            // the first backend knows nothing of it, and waits on: the second sending stands behind it
            yield* untilWaiting(sql, 2)
            proxy.cut()
            yield* untilWaiting(sql, 3)
            return [sent] as const
          })
        )
        const appended = yield* Fiber.join(appends[0])
        const rows = yield* stored(sql)
        expect(rows.map(({ text }) => text)).toEqual(["1", "2"])
        expect(appended).toMatchObject({ sequence: 2, position: rows[1]?.position })
        expect(yield* journal.append("a", 2, [noted("3")])).toMatchObject({ sequence: 3 })
      })
    )
)

it.live("a client cut off after the commit and before the answer: the append is acknowledged and stored once", () =>
  withProxy(({ journal, proxy, sql }) =>
    Effect.gen(function* () {
      yield* journal.append("a", 0, [noted("1")])
      proxy.mute()
      const sent = yield* Effect.forkDaemon(journal.append("a", 1, [noted("2"), noted("3")]))
      yield* until(
        "the commit",
        Effect.map(stored(sql), (rows) => Option.liftPredicate(rows, (_) => _.length === 3))
      )
      proxy.cut()
      const appended = yield* Fiber.join(sent)
      const rows = yield* stored(sql)
      expect(rows.map(({ text }) => text)).toEqual(["1", "2", "3"])
      expect(appended).toMatchObject({ sequence: 3, position: rows[2]?.position })
    })
  )
)

it.live("an append that others have gone past meanwhile is still recognised, and a real conflict still is one", () =>
  withProxy(({ journal, proxy, sql, url }) =>
    Effect.gen(function* () {
      const other = yield* journalOf(url)
      yield* journal.append("b", 0, [noted("b1")])
      proxy.mute()
      const sent = yield* Effect.forkDaemon(journal.append("a", 0, [noted("a1")]))
      yield* until(
        "the commit",
        Effect.map(stored(sql), (rows) => Option.liftPredicate(rows, (_) => _.length === 2))
      )
      const stale = yield* Effect.forkDaemon(Effect.flip(journal.append("b", 1, [noted("no")])))
      yield* other.append("a", 1, [noted("a2")])
      yield* other.append("b", 1, [noted("b2")])
      proxy.cut()
      expect(yield* Fiber.join(sent)).toMatchObject({ sequence: 1 })
      expect(yield* Fiber.join(stale)).toMatchObject({ _tag: "VersionConflict", key: "b", expected: 1, actual: 2 })
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["b1", "a1", "a2", "b2"])
    })
  )
)

it.live("an append that was sent and never answered ends in doubt: it may be stored later, and is", () =>
  withProxy(({ proxy, sql, impatient }) =>
    Effect.gen(function* () {
      yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const sent = yield* Effect.forkDaemon(Effect.flip(impatient.append("a", 0, [noted("1")])))
          yield* untilWaiting(sql, 1)
          proxy.admit(false)
          proxy.cut()
          expect(yield* Fiber.join(sent)).toMatchObject({ _tag: "InDoubt", key: "a", expected: 0 })
        })
      )
      yield* until(
        "the append",
        Effect.map(stored(sql), (rows) => Option.liftPredicate(rows, (_) => _.length === 1))
      )
    })
  )
)

it.live("an append beyond the head whose first answer was lost ends in doubt: others may bring the head up to it", () =>
  withProxy(({ journal, proxy, sql }) =>
    Effect.gen(function* () {
      const append = yield* whileLocked(
        sql,
        Effect.gen(function* () {
          const sent = yield* Effect.forkDaemon(Effect.flip(journal.append("a", 7, [noted("8")])))
          yield* untilWaiting(sql, 1)
          proxy.cut()
          yield* untilWaiting(sql, 2)
          return sent
        })
      )
      expect(yield* Fiber.join(append)).toMatchObject({ _tag: "InDoubt", key: "a", expected: 7 })
    })
  )
)

it.live("a connection on which nothing comes back is given up: the next sending takes another", () =>
  withProxy(({ proxy, sql }) =>
    Effect.gen(function* () {
      const { config } = yield* observer(proxy.url)
      const connection = yield* Dedicated.make({ config, purpose: "test", timeout: "300 millis", named: true })
      const call = appendCall.make(connection, statements(tableName(table)))
      yield* connection.send(statement("SELECT 1"), [])
      proxy.mute()
      const payload = JSON.stringify({ text: "1" })
      const events = [{ id: globalThis.crypto.randomUUID(), type: "Noted", version: 1, tags: null, payload }]
      const tag = NoteJournal.tagging.tagOf("a")
      const batch = [{ key: "a", expected: 0, partitions: undefined, lastId: undefined, tag, metadata: "{}", events }]
      expect(yield* call.batch(batch)).toMatchObject({ _tag: "Failed", meaning: "Lost" })
      const answered = { _tag: "Answered", answers: [["stored", "1", "1"]] }
      expect(yield* call.batch(batch)).toEqual(answered)
      expect(yield* call.batch(batch)).toEqual(answered)
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["1"])
    })
  )
)

it.live("an append that could not be sent is not in doubt: nothing of it is stored", () =>
  withProxy(({ proxy, sql, impatient }) =>
    Effect.gen(function* () {
      proxy.admit(false)
      proxy.cut()
      // a read that fails shows that the pool knows of its dead connections
      yield* Effect.flip(impatient.head(NoteJournal.tagging.tagOf("a")))
      const error = yield* Effect.flip(impatient.append("a", 0, [noted("1")]))
      expect(error).toMatchObject({ _tag: "JournalError", reason: "Unavailable" })
      proxy.admit(true)
      expect(yield* impatient.append("a", 0, [noted("2")])).toMatchObject({ sequence: 1 })
      expect((yield* stored(sql)).map(({ text }) => text)).toEqual(["2"])
    })
  )
)

const withProxy = <A, E, R>(
  use: (given: {
    readonly url: Effect.Effect.Success<typeof newDatabase>
    readonly proxy: TcpProxy.TcpProxy
    readonly sql: Effect.Effect.Success<ReturnType<typeof observer>>
    /** A journal whose client goes through the proxy; the other gives up after a second. */
    readonly journal: Effect.Effect.Success<ReturnType<typeof journalOf>>
    readonly impatient: Effect.Effect.Success<ReturnType<typeof journalOf>>
  }) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* newDatabase
      yield* migrate(url)
      const proxy = yield* TcpProxy.make(url)
      return yield* use({
        url,
        proxy,
        sql: yield* observer(url),
        journal: yield* journalOf(proxy.url),
        impatient: yield* journalOf(proxy.url, { patience: "1 second" })
      })
    })
  )
