/** The journal under test, as an application would declare it and build it. */
import { Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Layer, Redacted } from "effect"
import { BookingEvent } from "./BookingEvent.js"

export const table = "booking_event"

export const partitions = 20

export class BenchJournal extends Journal.Tag<BenchJournal>()("BenchJournal", {
  event: BookingEvent,
  tagging: Tagging.partitioned("Booking", partitions)
}) {}

/** The journal in a database, its table made where there is none. */
export const layer = (url: string) =>
  PgJournal.layer(BenchJournal, { table }).pipe(
    Layer.provide(PgMigrations.layer([PgJournal.migrations({ table })])),
    Layer.provide(PgClient.layer({ url: Redacted.make(url), applicationName: "bench" }))
  )
