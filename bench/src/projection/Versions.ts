/** Two versions of the view under one alias, each with its projection and its table: what is swapped under load. */
import { PgMigrations, PgViewAliases, PgViewStore } from "@aecor/journal-pg"
import { ViewAlias, ViewStore } from "@aecor/projection"
import { Layer } from "effect"
import * as Bookings from "./BookingsView.js"

class NextBookingsView extends ViewStore.Tag<NextBookingsView>()("next_bookings", { row: Bookings.Row }) {}

export const present = Bookings.projection("bookings")
export const next = Bookings.projectionInto(NextBookingsView, "next-bookings")

/** What queries read. */
export class Served extends ViewAlias.Tag<Served>()("bookings", { versions: [present, next] }) {}

const nextTable = "next_bookings"

export const migrations = [
  ...Bookings.migrations,
  PgMigrations.make("bench versions", [
    PgMigrations.step(nextTable, `CREATE TABLE ${nextTable} (${Bookings.columns}) WITH (fillfactor = 50)`)
  ]),
  PgViewAliases.migrations
]

/** The stores of both, and the alias over them. */
export const layer = Served.layer.pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      Bookings.layer,
      PgViewStore.layer(NextBookingsView, { table: nextTable, key: "booking_id" }),
      PgViewAliases.layer
    )
  )
)
