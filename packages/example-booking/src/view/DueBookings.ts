/**
 * The bookings that are past their time to pay, by the version of the view that serves: a query that a view's own `find`
 * does not answer. In memory it looks at all confirmed bookings, in Postgres at an index.
 */
import { type ViewAlias, ViewStore } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { Context, DateTime, Effect, Layer, Option, Schema } from "effect"
import { BookingId } from "../domain/Ids.js"
import { Bookings } from "./Bookings.js"
import { bookingView } from "./BookingsView.js"

export class DueBookings extends Context.Tag("DueBookings")<
  DueBookings,
  {
    /** Those whose `expiresAt` lies before the moment, the longest past first; so many at the most. */
    readonly due: (now: DateTime.Utc, most: number) => Effect.Effect<ReadonlyArray<BookingId>, ViewAlias.ReadError>
  }
>() {}

export const layerMemory: Layer.Layer<DueBookings, never, Bookings> = Layer.effect(
  DueBookings,
  Effect.map(Bookings, (view) => ({
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

/** The tables of the versions, by whether they are the first. */
const tableOf = (version: string) => (version === bookingView.name ? "bookings" : "bookings_2")

export const layerPg: Layer.Layer<DueBookings, never, Bookings | PgClient.PgClient> = Layer.effect(
  DueBookings,
  Effect.gen(function* () {
    const sql = (yield* PgClient.PgClient).withoutTransforms()
    const { serving } = yield* Bookings
    return {
      due: Effect.fn("DueBookings.due")(function* (now, most) {
        const table = sql(tableOf(yield* serving))
        return yield* sql`SELECT booking_id AS id FROM ${table} WHERE expires_at < ${DateTime.formatIso(now)}::timestamptz
          ORDER BY expires_at LIMIT ${most}`.pipe(
          Effect.flatMap(decode),
          Effect.map((rows) => rows.map(({ id }) => id)),
          Effect.mapError(failed)
        )
      })
    }
  })
)
