/** The code of docs/operations.md, run. */
import * as fs from "node:fs"
import { Journal, Tagging } from "@aecor/core"
import { PgJournal, PgOffsetStore, PgProcessLease } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { database } from "./fixtures/database.js"
import { audited } from "./operations/audit.js"

const lag = fs.readFileSync(new URL("operations/lag.sql", import.meta.url), "utf8")

class BookingJournal extends Journal.Tag<BookingJournal>()("BookingJournal", {
  event: Schema.TaggedStruct("Booked", {}),
  tagging: Tagging.single("Booking")
}) {}

const Database = database(
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table: "booking_event" })
)

it.live("the page's statement tells how far a consumer is behind, and its audit finds nothing wrong", () =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const journal = yield* BookingJournal
    const { position } = yield* journal.append("one", 0, [{ _tag: "Booked" }])
    yield* journal.append("two", 0, [{ _tag: "Booked" }, { _tag: "Booked" }])
    yield* sql.unsafe(`INSERT INTO consumer_offset (consumer, tag, partition, "offset", epoch) VALUES
      ('Slow', 'Booking', 0, ${position}, 1), ('Done', 'Booking', 0, ${position + 2}, 1)`)
    const rows = yield* sql.unsafe<{ readonly consumer: string; readonly events: string; readonly seconds: string }>(
      lag
    )
    expect(rows.map(({ consumer, events }) => [consumer, Number(events)])).toEqual([
      ["Slow", 2],
      ["Done", 0]
    ])
    expect(rows.map(({ seconds }) => Number(seconds) > 0)).toEqual([true, false])
    expect(yield* audited(BookingJournal, "booking_event")).toBe(true)
  }).pipe(
    Effect.provide(PgJournal.layer(BookingJournal, { table: "booking_event" }).pipe(Layer.provideMerge(Database)))
  )
)
