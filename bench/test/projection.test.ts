// What the benchmark of projections begins with is what the journal itself would have stored.
import { PgMigrations, PgJournal } from "@aecor/journal-pg"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Stream } from "effect"
import { inject } from "vitest"
import { BenchJournal, table } from "../src/journal/BenchJournal.js"
import { events, metadata } from "../src/journal/BookingEvent.js"
import * as Fill from "../src/projection/Fill.js"

it.scopedLive("a journal of entities in turn reads as one that was appended to, and goes on", () =>
  Effect.gen(function* () {
    const url = yield* EmbeddedPostgres.makeDatabase(inject("postgresUrl"))
    const Journal = PgJournal.layer(BenchJournal, { table }).pipe(
      Layer.provide(PgMigrations.layer([PgJournal.migrations({ table })])),
      Layer.provideMerge(PgClient.layer({ url, maxConnections: 3 }))
    )
    yield* Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const journal = yield* BenchJournal
      for (const statement of Fill.ours({ events: 1000, entities: 40 })) yield* sql.unsafe(statement)
      const read = yield* Stream.runCollect(journal.read("booking-7", 1))
      expect(Chunk.toReadonlyArray(read).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 25 }, (_, i) => i + 1)
      )
      const [first, second] = Chunk.toReadonlyArray(read)
      expect([first?.event._tag, second?.event._tag]).toEqual(["BookingPlaced", "BookingConfirmed"])
      for (const tag of BenchJournal.tagging.tags) {
        const ofTag = yield* Stream.runCollect(journal.currentEventsByTag(tag, 0))
        for (const { key } of ofTag) expect(BenchJournal.tagging.tagOf(key)).toEqual(tag)
      }
      const next = yield* journal.append("booking-7", 25, events.slice(0, 1), { metadata })
      expect([next.sequence, next.position]).toEqual([26, 1001])
    }).pipe(Effect.provide(Journal))
  })
)
