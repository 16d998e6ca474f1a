/** The same application on the storage of Postgres: journal, view, offsets, leases and reservation. */
import { DistributedProcessing, EntityHost } from "@aecor/core"
import { PgJournal, PgOffsetStore, PgProcessLease, PgViewAliases, PgViewStore } from "@aecor/journal-pg"
import { HttpApiClient } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { App } from "../src/app.js"
import { BookingJournal } from "../src/domain/Booking.js"
import { BookingId } from "../src/domain/Ids.js"
import { BookingApi } from "../src/http/BookingApi.js"
import { Migrations } from "../src/postgres.js"
import * as PgTicketReservation from "../src/reservation/PgTicketReservation.js"
import { BookingsView } from "../src/view/BookingsView.js"
import { NextBookingsView } from "../src/view/NextBookingsView.js"
import * as fixture from "./domain/fixtures.js"
import { served } from "./http/network.js"
import { freshDatabase } from "./postgres.js"

const storage = Layer.mergeAll(
  PgJournal.layer(BookingJournal, { table: "booking_event" }),
  PgViewStore.layer(BookingsView, { table: "bookings", key: "booking_id" }),
  PgViewStore.layer(NextBookingsView, { table: "bookings_2", key: "booking_id" }),
  PgViewAliases.layer,
  PgOffsetStore.layer,
  PgProcessLease.layer,
  PgTicketReservation.layer()
).pipe(Layer.provide(Migrations), Layer.provide(freshDatabase))

const app = served(
  App.pipe(Layer.provide([EntityHost.layerLocal, DistributedProcessing.layerLocal]), Layer.provide(storage))
)

it.live("confirms one of two bookings for a seat, takes its payment, and shows it all", () =>
  Effect.gen(function* () {
    const api = yield* HttpApiClient.make(BookingApi)
    const { clientId, concertId, paymentId, seats } = fixture
    const place = (name: string) => {
      const bookingId = BookingId.make(name)
      return api.bookings.place({
        path: { clientId },
        payload: { bookingId: Option.some(bookingId), concertId, seats }
      })
    }
    yield* Effect.all([place("b-1"), place("b-2")], { concurrency: "unbounded" })

    const list = api.bookings.list({ path: { clientId }, urlParams: { token: Option.none() } })
    const decided = yield* Effect.zipLeft(list, Effect.sleep("20 millis")).pipe(
      Effect.repeat({
        until: (rows) => rows.length === 2 && rows.every((row) => row.status !== "AwaitingConfirmation")
      }),
      Effect.timeout("45 seconds")
    )
    expect(decided.map((row) => row.status).toSorted()).toEqual(["Confirmed", "Denied"])

    const winner = decided.find((row) => row.status === "Confirmed")
    if (winner === undefined) return yield* Effect.dieMessage("nobody won")
    const { bookingId } = winner
    const { token } = yield* api.payments.receive({ payload: { paymentId, clientId, bookingId } })
    const paid = yield* api.bookings.get({ path: { clientId, bookingId }, urlParams: { token: Option.some(token) } })
    expect([paid.status, paid.expiresAt, paid.tickets, paid.version]).toEqual([
      "Settled",
      Option.none(),
      fixture.tickets,
      4
    ])
    expect((yield* api.ready()).deployments.map(({ running }) => running)).toEqual([20, 20])
  }).pipe(Effect.provide(app))
)
