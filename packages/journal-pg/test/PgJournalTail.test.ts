// Readers that follow a journal while it grows: nothing is missed, whoever writes and whatever becomes of the listener.
import { Journal } from "@aecor/core"
import { PgJournal } from "@aecor/journal-pg"
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
        const first = yield* listening(sql)
        yield* Effect.forEach(fiveTimes, (n) => appendAndSee(journal, "a", n))
        const between = yield* Effect.fork(Stream.runHead(journal.eventsByTag(NoteJournal.tagging.tagOf("b"), 0)))
        yield* untilItWaits
        yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${sql.in("pid", first)}`
        yield* journal.append("b", 0, [noted("between")])
        yield* Effect.timeout(Fiber.join(between), "15 seconds")
        yield* listening(sql, first)
        yield* Effect.forEach(fiveTimes, (n) => appendAndSee(journal, "c", n))
      }),
    { pollInterval: "1 hour" }
  )
)

it.live("all journals and views of a node on one client share one listener", () =>
  withJournal(
    ({ sql, url }) =>
      Effect.gen(function* () {
        const others = yield* listening(sql)
        const one = PgJournal.layer(NoteJournal, { table })
        const two = PgJournal.layer(OtherJournal, { table })
        const context = yield* Layer.build(Layer.merge(one, two).pipe(Layer.provide(client(url))))
        yield* listening(sql, others)
        yield* appendAndSee(Context.get(context, NoteJournal), "a", 0)
        yield* appendAndSee(Context.get(context, OtherJournal), "b", 0)
        expect((yield* listening(sql, others)).length).toBe(1)
      }),
    { pollInterval: "1 hour" }
  )
)

it.live("polling stands behind: events arrive where no notification does", () =>
  withJournal(
    ({ journal, sql }) =>
      Effect.gen(function* () {
        yield* sql.unsafe(
          `DO $$ BEGIN EXECUTE replace(
             pg_get_functiondef(to_regproc('${table}_append')), quote_literal('aecor'), quote_literal('nobody')
           ); END $$`
        )
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

/** Long enough for a reader to have read the empty page. */
const untilItWaits = Effect.sleep("50 millis")

const fiveTimes = [0, 1, 2, 3, 4]

/** Appends the nth event of a key while a reader waits for it, and sees it. */
const appendAndSee = (journal: Note, key: string, n: number) =>
  Effect.gen(function* () {
    const tag = NoteJournal.tagging.tagOf(key)
    const reading = yield* Effect.fork(Stream.runHead(journal.eventsByTag(tag, yield* journal.head(tag))))
    yield* untilItWaits
    yield* journal.append(key, n, [noted("x")])
    yield* Effect.timeout(Fiber.join(reading), "5 seconds")
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

/** Waits for a backend that listens to the library's channel, other than those given. */
const listening = (sql: PgClient.PgClient, others: ReadonlyArray<number> = []) =>
  until(
    "a listener",
    Effect.map(
      sql<{ readonly pid: number }>`SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND query = 'LISTEN "aecor"'`,
      (rows) => {
        const pids = rows.map(({ pid }) => pid).filter((pid) => !others.includes(pid))
        return pids.length > 0 ? Option.some(pids) : Option.none()
      }
    )
  )
