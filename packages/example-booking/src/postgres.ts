/**
 * Everything the application stands on, on Postgres and clustered: any number of nodes share one database.
 */
import { DistributedProcessing, EntityHost } from "@aecor/core"
import {
  PgCluster,
  PgJournal,
  PgMigrations,
  PgOffsetStore,
  PgProcessLease,
  PgViewAliases,
  PgViewStore
} from "@aecor/journal-pg"
import { Effect, Layer } from "effect"
import { BookingJournal } from "./domain/Booking.js"
import * as PgPaymentInbox from "./payment/PgPaymentInbox.js"
import * as PgTicketReservation from "./reservation/PgTicketReservation.js"
import { Settings } from "./Settings.js"
import { Bookings } from "./view/Bookings.js"
import { BookingsView } from "./view/BookingsView.js"
import { NextBookingsView } from "./view/NextBookingsView.js"
import * as BookingsTable from "./view/bookingsTable.js"
import * as DueBookings from "./view/DueBookings.js"

export const journal = { table: "booking_event" }

/** The tables; any number of nodes may start at once. */
export const Migrations = PgMigrations.layer([
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgViewAliases.migrations,
  PgJournal.migrations(journal),
  BookingsTable.migrations,
  PgTicketReservation.migrations,
  PgPaymentInbox.migrations
])

/** Where the other nodes reach this one. */
export type Address = Pick<PgCluster.Options, "host" | "port" | "listen">

/** What is stored, for nodes and for whoever looks after them. */
export const Stores = Layer.mergeAll(
  PgJournal.layer(BookingJournal, journal),
  PgViewStore.layer(BookingsView, { table: "bookings", key: "booking_id" }),
  PgViewStore.layer(NextBookingsView, { table: "bookings_2", key: "booking_id" }),
  PgViewAliases.layer,
  PgOffsetStore.layer,
  PgProcessLease.layer
)

/** What the application keeps beside its journal and its view. */
export const Services = Layer.mergeAll(
  Layer.unwrapEffect(Effect.map(Settings, (settings) => PgTicketReservation.layer(settings))),
  PgPaymentInbox.layer,
  Layer.provide(DueBookings.layerPg, Bookings.layer)
)

export const Postgres = (address: Address) =>
  Layer.mergeAll(EntityHost.layerCluster, DistributedProcessing.layerCluster).pipe(
    Layer.provide(PgCluster.layer(address)),
    Layer.provideMerge(Services),
    Layer.provideMerge(Stores),
    Layer.provide(Migrations)
  )
