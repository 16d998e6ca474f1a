/** The view under test, as an application would declare it: what of a booking a list of them shows. */
import { PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { Projection, ViewStore } from "@aecor/projection"
import { Option, Schema } from "effect"
import { BenchJournal } from "../journal/BenchJournal.js"
import type { BookingEvent } from "../journal/BookingEvent.js"

export const Row = Schema.Struct({
  status: Schema.Literal("Placed", "Confirmed", "Paid"),
  concertId: Schema.String,
  seats: Schema.Int,
  cents: Schema.Int,
  changes: Schema.Int
})
export type Row = typeof Row.Type

export class BookingsView extends ViewStore.Tag<BookingsView>()("bookings", { row: Row }) {}

export const table = "bookings"

/** The columns of the view's table: Emmett's projector keeps one of the same. */
export const columns = `booking_id text PRIMARY KEY, version bigint NOT NULL, status text NOT NULL,
  concert_id text NOT NULL, seats integer NOT NULL, cents integer NOT NULL, changes integer NOT NULL`

/** What a view and its processes need beside the journal. */
export const migrations = [
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgMigrations.make("bench", [
    PgMigrations.step("bookings", `CREATE TABLE ${table} (${columns}) WITH (fillfactor = 50)`)
  ])
]

export const layer = PgViewStore.layer(BookingsView, { table, key: "booking_id" })

const none: Row = { status: "Placed", concertId: "", seats: 0, cents: 0, changes: 0 }

/** What an event sets; every event is one change more. */
const changed = (event: BookingEvent): Partial<Row> => {
  switch (event._tag) {
    case "BookingPlaced":
      return { status: "Placed", concertId: event.concertId, seats: event.seats.length }
    case "BookingConfirmed":
      return { status: "Confirmed", cents: event.tickets.reduce((sum, { price }) => sum + price.cents, 0) }
    case "BookingPaid":
      return { status: "Paid" }
  }
}

/** The projection into any view of such rows, under any name. */
export const projectionInto = <Self>(view: ViewStore.Any<Self, Row>, name: string) =>
  Projection.exactlyOnce(name, {
    journal: BenchJournal,
    view,
    project: (before, { event }) => {
      const row = Option.getOrElse(before, () => none)
      return { ...row, ...changed(event), changes: row.changes + 1 }
    }
  })

/** The projection, under any name. */
export const projection = (name: string) => projectionInto(BookingsView, name)
