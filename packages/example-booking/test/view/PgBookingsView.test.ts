/** The table `bookings` holds what the rows say. */
import { ConsumerId, ProcessLease } from "@aecor/core"
import { PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { BookingJournal } from "../../src/domain/Booking.js"
import { BookingId } from "../../src/domain/Ids.js"
import type { BookingRow } from "../../src/view/BookingRow.js"
import * as BookingsTable from "../../src/view/bookingsTable.js"
import { BookingsView } from "../../src/view/BookingsView.js"
import * as fixture from "../domain/fixtures.js"
import { freshDatabase } from "../postgres.js"

const store = Layer.merge(
  PgViewStore.layer(BookingsView, { table: "bookings", key: "booking_id" }),
  PgProcessLease.layer
).pipe(
  Layer.provide(PgMigrations.layer([PgProcessLease.migrations, PgOffsetStore.migrations, BookingsTable.migrations])),
  Layer.provideMerge(freshDatabase)
)

it.live("a row comes back as it was stored, and its columns are those that queries expect", () =>
  Effect.gen(function* () {
    const view = yield* BookingsView
    const lease = yield* ProcessLease.ProcessLease
    yield* lease.register("test", 1)
    const claim = yield* lease.claim({ deployment: "test", index: 0, generation: 0 }, "runner", Duration.seconds(3))
    if (claim._tag !== "Claimed") return yield* Effect.dieMessage("not claimed")
    const rows = new Map([
      ["b-1", { view: confirmed, version: 2 }],
      ["b-2", { view: awaiting, version: 1 }]
    ])
    const [tag] = BookingJournal.tagging.tags
    if (tag === undefined) return yield* Effect.dieMessage("no tag")
    yield* view.commit({ consumer: ConsumerId.make("test", tag), fence: claim.fence, expected: 0, offset: 7, rows })

    expect(yield* view.get("b-1")).toEqual(Option.some({ view: confirmed, version: 2 }))
    expect(yield* view.find({ clientId: fixture.clientId })).toEqual([confirmed, awaiting])
    expect(yield* view.find({ status: "Confirmed" })).toEqual([confirmed])
    const sql = yield* PgClient.PgClient
    expect(
      yield* sql`SELECT booking_id, client_id, concert_id, status, expires_at, version::int AS version FROM bookings WHERE expires_at > ${new Date(0)}`
    ).toEqual([
      {
        booking_id: "b-1",
        client_id: "ann",
        concert_id: "concertA",
        status: "Confirmed",
        expires_at: DateTime.toDateUtc(fixture.expiresAt),
        version: 2
      }
    ])
  }).pipe(Effect.provide(store))
)

const awaiting: BookingRow = {
  ...fixture.order,
  bookingId: BookingId.make("b-2"),
  tickets: [],
  status: "AwaitingConfirmation",
  confirmedAt: Option.none(),
  expiresAt: Option.none(),
  version: 1
}

const confirmed: BookingRow = {
  ...awaiting,
  bookingId: BookingId.make("b-1"),
  tickets: fixture.tickets,
  status: "Confirmed",
  confirmedAt: Option.some(DateTime.unsafeMake("2026-03-01T12:00:00.123Z")),
  expiresAt: Option.some(fixture.expiresAt),
  version: 2
}
