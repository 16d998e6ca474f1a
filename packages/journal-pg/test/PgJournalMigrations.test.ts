// The journal's own steps: many nodes at once, on nothing and on what the first version has left behind and still uses.
import { PgJournal, PgMigrations } from "@aecor/journal-pg"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Option, type Redacted, Stream } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import * as firstVersion from "./fixtures/firstVersion.js"
import { journalOf, noted, NoteJournal, observer, table, until } from "./fixtures/journal.js"

it.live("eight nodes at once make an empty database's journal, and each of them uses it", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* Effect.forEach(
      Array.from({ length: 8 }, (_, i) => i),
      (i) =>
        Effect.gen(function* () {
          yield* start(url)
          const journal = yield* journalOf(url, {}, { maxConnections: 2 })
          yield* journal.append(`k ${i}`, 0, [noted("#red")])
          yield* journal.append(`k ${i}`, 1, [noted("plain"), noted("#red")])
        }).pipe(Effect.scoped),
      { concurrency: "unbounded" }
    )
    expect(yield* audit(url)).toMatchObject({ events: 24, keys: 8, offences: [] })
  })
)

it.live("eight nodes at once take over what the first version has stored, while one of its nodes goes on", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* Effect.provide(PgMigrations.run([firstVersion.migrations]), client(url))
    const sql = yield* observer(url)
    yield* firstVersion.append(sql, "a", 0, "a1", "a2")
    yield* firstVersion.append(sql, "b", 0, "é🎫\n\"'\\u0041")
    yield* firstVersion.append(sql, "a", 2, "a3")

    let deployed = false
    const going = yield* Effect.forkScoped(
      Effect.gen(function* () {
        let n = 0
        for (let after = 0; after < 5; n++) {
          if (deployed) after++
          expect(yield* firstVersion.append(sql, "old", n, `old ${n}`)).toMatchObject({ accepted: true })
        }
        return n
      })
    )
    yield* Effect.all(
      Array.from({ length: 8 }, () => start(url)),
      { concurrency: "unbounded" }
    )
    deployed = true
    const count = yield* Fiber.join(going)

    const journal = yield* journalOf(url)
    const textsOf = (key: string) =>
      Effect.map(Stream.runCollect(journal.read(key, 1)), (events) =>
        Chunk.toReadonlyArray(events).map(({ event, metadata, sequence }) => [sequence, event.text, metadata])
      )
    const by = { by: "the first version" }
    expect(yield* textsOf("a")).toEqual(["a1", "a2", "a3"].map((text, i) => [i + 1, text, by]))
    expect(yield* textsOf("b")).toEqual([[1, "é🎫\n\"'\\u0041", by]])
    expect((yield* textsOf("old")).length).toBe(count)
    for (const tag of NoteJournal.tagging.tags) {
      const found = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.currentEventsByTag(tag, 0)))
      const keys = ["a", "b", "old"].filter((key) => NoteJournal.tagging.tagOf(key).partition === tag.partition)
      expect([...new Set(found.map(({ key }) => key))].toSorted()).toEqual(keys)
    }
    expect(yield* audit(url)).toMatchObject({ events: count + 4, keys: 3, offences: [] })
  }).pipe(Effect.scoped)
)

it.live("while both versions run, each appends after the other, sees what it wrote, and refuses what is stale", () =>
  Effect.gen(function* () {
    const url = yield* newDatabase
    yield* Effect.provide(PgMigrations.run([firstVersion.migrations]), client(url))
    const sql = yield* observer(url)
    yield* firstVersion.append(sql, "a", 0, "1")
    yield* start(url)
    yield* start(url, firstVersion.migrations)
    const journal = yield* journalOf(url, { pollInterval: "1 hour" })
    const live: Array<string> = []
    const reader = Stream.runForEach(journal.eventsByTag(NoteJournal.tagging.tagOf("a"), 0), ({ event }) =>
      Effect.sync(() => live.push(event.text))
    )
    yield* Effect.forkScoped(reader)
    const untilSeen = (text: string) =>
      until(
        `the reader has ${text}`,
        Effect.sync(() => Option.liftPredicate(live, (texts) => texts.includes(text)))
      )
    yield* journal.append("a", 1, [noted("2")])
    yield* untilSeen("2")
    expect(yield* firstVersion.append(sql, "a", 2, "3")).toMatchObject({ accepted: true, head: "2" })
    yield* untilSeen("3")
    yield* journal.append("a", 3, [noted("4")])
    yield* untilSeen("4")
    expect(yield* firstVersion.append(sql, "a", 3, "no")).toMatchObject({ accepted: false, head: "4" })
    expect(yield* Effect.flip(journal.append("a", 3, [noted("no")]))).toMatchObject({ actual: 4 })

    const texts = ["1", "2", "3", "4"]
    expect(live).toEqual(texts)
    const seen = yield* firstVersion.read(sql, "a")
    expect(seen.map(({ payload }) => JSON.parse(payload))).toEqual(texts.map(noted))
    expect(yield* audit(url)).toMatchObject({ events: 4, keys: 1, offences: [] })
  }).pipe(Effect.scoped)
)

const start = (url: Redacted.Redacted, migrations = PgJournal.migrations({ table })) =>
  Effect.provide(PgMigrations.run([migrations]), client(url, { maxConnections: 1 }))

const audit = (url: Redacted.Redacted) => Effect.provide(PgJournal.audit(NoteJournal, { table }), client(url))
