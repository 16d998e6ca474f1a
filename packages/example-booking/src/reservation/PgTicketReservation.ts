/**
 * The ticket reservation in Postgres, so that all nodes agree: one row a seat, one row a booking with the answer it was
 * given. The tables and the concerts come from `migrations`.
 */
import { PgMigrations } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { DateTime, Effect, Layer, Schema } from "effect"
import { Seats } from "../domain/Seat.js"
import * as sqlText from "./reservationSql.js"
import * as T from "./TicketReservation.js"

export const migrations: PgMigrations.Migrations = PgMigrations.make("reservation", [
  PgMigrations.step("tables", sqlText.tables),
  PgMigrations.step("concerts", sqlText.concerts),
  PgMigrations.step("reserve", sqlText.reserve),
  PgMigrations.step("release", sqlText.release)
])

const encodeSeats = Schema.encode(Schema.parseJson(Seats))
const decodeAnswers = Schema.decodeUnknown(Schema.Tuple(Schema.Struct({ answer: T.Answer })))
const decodeOffers = Schema.decodeUnknown(Schema.Array(T.SeatOffer))

const unavailable =
  (what: string) =>
  (cause: Error): T.TicketReservationError =>
    new T.TicketReservationError({ description: `${what}: ${cause.message}`, cause })

const make = (settings: T.Settings) =>
  Effect.gen(function* () {
    const sql = (yield* PgClient.PgClient).withoutTransforms()

    const ask: T.TicketReservation["Type"]["reserve"] = Effect.fn("PgTicketReservation.reserve")(
      function* (bookingId, concertId, seats) {
        const wanted = yield* encodeSeats(seats)
        const expiresAt = DateTime.formatIso(DateTime.addDuration(yield* DateTime.now, T.expiryOf(settings)))
        const rows =
          yield* sql`SELECT reserve_seats(${bookingId}, ${concertId}, ${wanted}::jsonb, ${expiresAt}) AS answer`
        const [{ answer }] = yield* decodeAnswers(rows)
        return answer._tag === "SeatsHeld" ? answer : yield* answer
      },
      Effect.catchTags({
        SqlError: unavailable("the seats could not be reserved"),
        ParseError: unavailable("the reservation's answer could not be read")
      })
    )

    return T.TicketReservation.of({
      reserve: ask,

      release: (bookingId) =>
        sql`SELECT release_seats(${bookingId})`.pipe(
          Effect.asVoid,
          Effect.mapError(unavailable("the seats could not be released")),
          Effect.withSpan("PgTicketReservation.release")
        ),

      seats: (concertId) =>
        sql`
          SELECT jsonb_build_object('row', "row", 'number', number) AS seat, trim_scale(price)::text AS price,
            booking_id IS NULL AS available
          FROM seat WHERE concert_id = ${concertId} ORDER BY "row", number`.pipe(
          Effect.flatMap(decodeOffers),
          Effect.mapError(unavailable("the seats could not be read")),
          Effect.withSpan("PgTicketReservation.seats")
        )
    })
  })

export const layer = (settings: T.Settings = {}): Layer.Layer<T.TicketReservation, never, PgClient.PgClient> =>
  Layer.effect(T.TicketReservation, make(settings))
