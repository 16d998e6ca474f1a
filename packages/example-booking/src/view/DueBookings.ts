/**
 * The bookings that are past their time to pay, by the view: a query that a view's own `find` does not answer. In memory
 * it looks at all confirmed bookings, in Postgres at an index.
 */
import { ViewStore } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { Context, DateTime, Effect, Layer, Option, Schema } from "effect"
import { BookingId } from "../domain/Ids.js"
import { BookingsView } from "./BookingsView.js"

export class DueBookings extends Context.Tag("DueBookings")<
  DueBookings,
  {
    /** Those whose `expiresAt` lies before the moment, the longest past first; so many at the most. */
    readonly due: (now: DateTime.Utc, most: number) => Effect.Effect<ReadonlyArray<BookingId>, ViewStore.ViewStoreError>
  }
>() {}

export const layerMemory: Layer.Layer<DueBookings, never, BookingsView> = Layer.effect(
  DueBookings,
  Effect.map(BookingsView, (view) => ({
    due: (now, most) =>
      Effect.map(view.find({ status: "Confirmed" }), (rows) =>
        rows
          .flatMap(({ bookingId, expiresAt }) => Option.toArray(Option.map(expiresAt, (at) => ({ bookingId, at }))))
          .filter(({ at }) => DateTime.lessThan(at, now))
          .toSorted((a, b) => DateTime.toEpochMillis(a.at) - DateTime.toEpochMillis(b.at))
          .slice(0, most)
          .map(({ bookingId }) => bookingId)
      )
  }))
)

const decode = Schema.decodeUnknown(Schema.Array(Schema.Struct({ id: BookingId })))

const failed = (cause: Error) =>
  new ViewStore.ViewStoreError({ view: "bookings", description: `those past their time: ${cause.message}`, cause })

export const layerPg: Layer.Layer<DueBookings, never, PgClient.PgClient> = Layer.effect(
  DueBookings,
  Effect.map(PgClient.PgClient, (client) => {
    const sql = client.withoutTransforms()
    return {
      due: (now, most) =>
        sql`SELECT booking_id AS id FROM bookings WHERE expires_at < ${DateTime.formatIso(now)}::timestamptz
          ORDER BY expires_at LIMIT ${most}`.pipe(
          Effect.flatMap(decode),
          Effect.map((rows) => rows.map(({ id }) => id)),
          Effect.mapError(failed)
        )
    }
  })
)
