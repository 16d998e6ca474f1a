// What is put into tables by other ways than the journal's own is what the journal itself would have stored.
import { Tagging } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Redacted, Stream } from "effect"
import { Client } from "pg"
import { inject } from "vitest"
import * as BareTable from "../src/journal/BareTable.js"
import { BenchJournal, layer, table } from "../src/journal/BenchJournal.js"
import { events, metadata } from "../src/journal/BookingEvent.js"
import * as Fill from "../src/journal/Fill.js"
import { layouts } from "../src/journal/Layout.js"
import { pieces } from "../src/journal/Piece.js"
import { rare } from "../src/journal/Place.js"
import * as Streams from "../src/journal/Streams.js"

/** A program on the journal of a new database, and on the database. */
const withJournal = <A, E>(
  program: (url: string) => Effect.Effect<A, E, BenchJournal | PgClient.PgClient>
): Effect.Effect<A, E | EmbeddedPostgres.ServerError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* EmbeddedPostgres.makeDatabase(inject("postgresUrl"))
      const services = Layer.merge(layer(Redacted.value(url)), PgClient.layer({ url, maxConnections: 1 }))
      return yield* Effect.provide(program(Redacted.value(url)), Layer.orDie(services))
    })
  )

it.live("a bare row is the row that the journal stores, but for its id and its time", () =>
  withJournal((url) =>
    Effect.gen(function* () {
      const journal = yield* BenchJournal
      const sql = yield* PgClient.PgClient
      yield* journal.append("k", 0, events.slice(3, 6), { metadata })
      yield* Effect.promise(async () => {
        const client = new Client(url)
        await client.connect()
        const bare = await BareTable.make(client, "bare")
        for (const row of bare.rows({ key: "k", expected: 0, first: 3 }, 3)) {
          const places = row.map((_, i) => `$${i + 1}`).join(",")
          await client.query(`INSERT INTO bare (${bare.columns.join(",")}) VALUES (${places})`, [...row])
        }
        await client.end()
      })
      const stored = (name: string) =>
        sql`SELECT to_jsonb(stored) - 'id' - 'timestamp' AS row FROM ${sql(name)} stored ORDER BY position`
      expect(yield* stored("bare")).toEqual(yield* stored(table))
      const indexes = (name: string) =>
        sql`SELECT count(*)::integer AS indexes FROM pg_index WHERE indrelid = ${name}::regclass`
      expect(yield* indexes("bare")).toEqual(yield* indexes(table))
    })
  )
)

it.live("a journal that was filled by the server reads as one that was appended to", () =>
  withJournal(() =>
    Effect.gen(function* () {
      const journal = yield* BenchJournal
      const sql = yield* PgClient.PgClient
      for (const statement of Fill.journalRows(Fill.source(0, 20_000, 100_000))) yield* sql.unsafe(statement)
      for (const key of ["booking-0", "booking-999", "booking-1000", "booking-1999"]) {
        const read = yield* Stream.runCollect(journal.read(key, 1))
        expect(Chunk.toReadonlyArray(read).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      }
      const byTag = yield* Streams.countAll(BenchJournal.tagging.tags.map((tag) => journal.currentEventsByTag(tag, 0)))
      expect(byTag).toBe(20_000)
      const byRareTag = yield* Effect.forEach(rare(4), ({ name, partition }) =>
        Streams.count(journal.currentEventsByTag(Tagging.tag(name, partition), 0))
      )
      expect(byRareTag).toEqual([200, 200, 200, 200])
    })
  )
)

it.live("each rare tag stands on exactly 1,000 events, whatever the journal's size", () =>
  withJournal(() =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      for (const size of [100_000, 1_000_000]) {
        const rows = yield* sql.unsafe(
          `SELECT tag AS name, partition, count(*)::integer AS events FROM (${Fill.source(0, size, size)}) events
           WHERE tag <> 'Booking' GROUP BY tag, partition ORDER BY partition`
        )
        expect(rows).toEqual(rare(4).map(({ name, partition }) => ({ name, partition, events: 1000 })))
      }
    })
  )
)

it.live("every layout finds the same pages", () =>
  withJournal(() =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      for (const piece of Object.values(pieces)) {
        const statements = [...piece.make, ...piece.insert(Fill.source(0, 3000, 100_000))]
        for (const statement of statements) yield* sql.unsafe(statement)
      }
      const found = yield* Effect.forEach(Object.values(layouts), ({ page }) =>
        Effect.map(sql.unsafe<{ readonly position: string }>(page, ["Booking", 7, 1000]), (rows) =>
          rows.map(({ position }) => position)
        )
      )
      const [first] = found
      expect(first?.length).toBeGreaterThan(50)
      for (const other of found) expect(other).toEqual(first)
    })
  )
)
