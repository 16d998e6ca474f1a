// Readers that follow a journal while it grows: nothing is missed, whoever writes and whatever becomes of the listener.
import { Journal } from "@aecor/core"
import { PgJournal } from "@aecor/journal-pg"
import { TcpProxy } from "@aecor/journal-pg/testing"
import type { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { type Chunk, Context, Deferred, Effect, Fiber, Layer, Option, Stream } from "effect"
import { client } from "./fixtures/database.js"
import { journalOf, NotCome, noted, NoteJournal, stored, table, until, withJournal } from "./fixtures/journal.js"

it.live("two processes append at once: readers of each tag see all, in the order of positions", () =>
  withJournal(({ journal: one, sql, url }) =>
    Effect.gen(function* () {
      const two = yield* journalOf(url)
      const reader = yield* journalOf(url)
      const total = 6300
      const seen = yield* follow(reader, total)
      const writer = (i: number) =>
        Effect.forEach(
          Array.from({ length: total / 60 / 3 }, (_, n) => n * 3),
          (expected) => (i % 2 === 0 ? one : two).append(`k-${i}`, expected, [noted("x"), noted("y"), noted("z")])
        )
      yield* Effect.forEach(
        Array.from({ length: 60 }, (_, i) => i),
        writer,
        { concurrency: "unbounded", discard: true }
      )
      const read = yield* Fiber.join(seen)
      const rows = yield* stored(sql)
      expect(rows.length).toBe(total)
      for (const [i, { partition }] of NoteJournal.tagging.tags.entries()) {
        const positions = rows
          .filter(({ key }) => NoteJournal.tagging.tagOf(key).partition === partition)
          .map(({ position }) => position)
        expect(read[i]).toEqual(positions)
      }
    })
  )
)

it.live("a notification wakes a reader: no poll is needed", () =>
  withJournal(
    ({ journal, sql }) =>
      Effect.gen(function* () {
        yield* reading(journal)
        yield* listening(sql)
        yield* Effect.forEach(fiveTimes, (n) => appendAndSee(journal, "a", n))
      }),
    { pollInterval: "1 hour" }
  )
)

it.live("a listener whose connection is killed is replaced: events still arrive, also those of the time between", () =>
  withJournal(
    ({ journal, sql }) =>
      Effect.gen(function* () {
        yield* reading(journal)
        const first = yield* listening(sql)
        yield* Effect.forEach(fiveTimes, (n) => appendAndSee(journal, "a", n))
        const between = yield* Effect.fork(Stream.runHead(journal.eventsByTag(NoteJournal.tagging.tagOf("b"), 0)))
        yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${sql.in("pid", first)}`
        yield* journal.append("b", 0, [noted("between")])
        yield* Effect.timeout(Fiber.join(between), "45 seconds")
        yield* listening(sql, first)
        yield* Effect.forEach(fiveTimes, (n) => appendAndSee(journal, "c", n))
      }),
    { pollInterval: "1 hour" }
  )
)

it.live("a listener to whom the server has fallen silent is replaced: events still arrive", () =>
  withJournal(({ sql, url }) =>
    Effect.gen(function* () {
      const listens = new Set<TcpProxy.Connection>()
      let silent: ReadonlySet<TcpProxy.Connection> = new Set()
      const proxy = yield* TcpProxy.make(url, {
        onSent: (bytes, connection) => {
          if (bytes.includes("LISTEN")) listens.add(connection)
          return true
        },
        onAnswered: (_, connection) => !silent.has(connection)
      })
      const journal = yield* journalOf(proxy.url, { pollInterval: "1 hour" })
      yield* reading(journal)
      const first = yield* listening(sql)
      yield* appendAndSee(journal, "a", 0)
      silent = new Set(listens)
      yield* listening(sql, first)
      yield* Effect.forEach(fiveTimes, (n) => appendAndSee(journal, "b", n))
    })
  )
)

it.live("all journals and views of a node on one client share one listener", () =>
  withJournal(
    ({ sql, url }) =>
      Effect.gen(function* () {
        const one = PgJournal.layer(NoteJournal, { table })
        const two = PgJournal.layer(OtherJournal, { table })
        const context = yield* Layer.build(Layer.merge(one, two).pipe(Layer.provide(client(url))))
        yield* reading(Context.get(context, NoteJournal))
        yield* reading(Context.get(context, OtherJournal))
        yield* listening(sql)
        yield* appendAndSee(Context.get(context, NoteJournal), "a", 0)
        yield* appendAndSee(Context.get(context, OtherJournal), "b", 0)
        expect((yield* listening(sql)).length).toBe(1)
      }),
    { pollInterval: "1 hour" }
  )
)

it.live(
  "a journal that nobody follows has no listener, and gives it up when nobody does any more",
  () =>
    withJournal(({ journal, sql }) =>
      Effect.gen(function* () {
        yield* journal.append("a", 0, [noted("x")])
        expect(yield* listeners(sql)).toEqual([])
        yield* Effect.scoped(Effect.zipRight(reading(journal), listening(sql)))
        yield* until(
          "the listener's end",
          Effect.map(listeners(sql), (pids) => Option.liftPredicate(pids, (_) => _.length === 0)),
          "30 seconds"
        )
      })
    ),
  40_000
)

it.live("polling stands behind: events arrive where no notification does", () =>
  withJournal(
    ({ journal, sql }) =>
      Effect.gen(function* () {
        yield* sql.unsafe(
          `DO $$ DECLARE f oid; BEGIN
             FOR f IN SELECT oid FROM pg_proc WHERE proname LIKE '${table}_append%' LOOP
               EXECUTE replace(pg_get_functiondef(f), quote_literal('aecor'), quote_literal('nobody'));
             END LOOP;
           END $$`
        )
        yield* reading(journal)
        yield* listening(sql)
        for (let n = 1; n <= 3; n++) {
          const seen = yield* follow(journal, n)
          yield* journal.append("a", n - 1, [noted("x")])
          yield* Fiber.join(seen)
        }
      }),
    { pollInterval: "50 millis" }
  )
)

class OtherJournal extends Journal.Tag<OtherJournal>()("OtherJournal", {
  event: NoteJournal.event,
  tagging: NoteJournal.tagging
}) {}

type Note = Effect.Effect.Success<ReturnType<typeof journalOf>>

/** A reader that stays: with it the journal has a tail, which from now on only a notification or a poll moves. */
const reading = (journal: Note) =>
  Effect.forkScoped(Stream.runDrain(journal.eventsByTag(NoteJournal.tagging.tagOf(""), 0)))

const fiveTimes = [0, 1, 2, 3, 4]

/** Appends the nth event of a key while a reader waits for it, and sees it. */
const appendAndSee = (journal: Note, key: string, n: number) =>
  Effect.gen(function* () {
    const tag = NoteJournal.tagging.tagOf(key)
    const seen = yield* Effect.fork(Stream.runHead(journal.eventsByTag(tag, yield* journal.head(tag))))
    yield* journal.append(key, n, [noted("x")])
    yield* Effect.timeout(Fiber.join(seen), "45 seconds")
  })

/** Follows all tags until so many events were seen; gives the positions by tag, in the order of their coming. */
const follow = (journal: Note, total: number) =>
  Effect.gen(function* () {
    const { tags } = NoteJournal.tagging
    const seen: ReadonlyArray<Array<number>> = tags.map(() => [])
    const all = yield* Deferred.make<void>()
    const collect = (i: number) => (events: Chunk.Chunk<{ readonly position: number }>) =>
      Effect.suspend(() => {
        for (const { position } of events) seen[i]?.push(position)
        return seen.flat().length >= total ? Deferred.succeed(all, undefined) : Effect.void
      })
    const readers = tags.map((tag, i) => Stream.runForEachChunk(journal.eventsByTag(tag, 0), collect(i)))
    yield* Effect.forkScoped(Effect.all(readers, { concurrency: "unbounded" }))
    return yield* Effect.forkScoped(
      Deferred.await(all).pipe(
        Effect.as(seen),
        Effect.timeoutFail({
          duration: "15 seconds",
          onTimeout: () => new NotCome({ what: `${total} events; ${seen.flat().length} came` })
        })
      )
    )
  })

/** The backends that listen to the library's channel. */
const listeners = (sql: PgClient.PgClient) =>
  Effect.map(
    sql<{ readonly pid: number }>`SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND query = 'LISTEN "aecor"'`,
    (rows) => rows.map(({ pid }) => pid)
  )

/** Waits for one, other than those given. */
const listening = (sql: PgClient.PgClient, others: ReadonlyArray<number> = []) =>
  until(
    "a listener",
    Effect.map(listeners(sql), (all) => {
      const pids = all.filter((pid) => !others.includes(pid))
      return pids.length > 0 ? Option.some(pids) : Option.none()
    })
  )
