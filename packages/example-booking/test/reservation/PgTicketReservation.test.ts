import { PgMigrations } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { BookingId, ConcertId } from "../../src/domain/Ids.js"
import * as PgTicketReservation from "../../src/reservation/PgTicketReservation.js"
import { TicketReservation } from "../../src/reservation/TicketReservation.js"
import { freshDatabase } from "../postgres.js"
import { suite } from "./suite.js"

const layer = PgTicketReservation.layer().pipe(
  Layer.provide(PgMigrations.layer([PgTicketReservation.migrations])),
  Layer.provideMerge(freshDatabase)
)

suite("Postgres", layer)

it.live("takes the locks of a release in the order of the seats, wherever their rows lie", () =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const hall = yield* TicketReservation
    const booking = BookingId.make("b")
    const lock = (number: number) =>
      sql`SELECT FROM seat WHERE concert_id = 'concertA' AND "row" = 1 AND number = ${number} FOR UPDATE`
    const waiting = sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

    // the rows come to lie in the order in which they are written
    yield* hall.reserve(booking, ConcertId.make("concertA"), [
      { row: 1, number: 2 },
      { row: 1, number: 1 }
    ])
    const first = yield* Effect.makeLatch()
    const second = yield* Effect.makeLatch()
    const taking = yield* Effect.fork(
      sql.withTransaction(Effect.all([lock(1), first.open, second.await, lock(2)], { discard: true }))
    )
    yield* first.await
    const releasing = yield* Effect.fork(hall.release(booking))
    yield* Effect.repeat(waiting, { until: (rows) => rows.length > 0 })
    yield* second.open
    yield* Fiber.join(Fiber.zip(taking, releasing))
    const seats = yield* hall.seats(ConcertId.make("concertA"))
    expect(seats.every((seat) => seat.available)).toBe(true)
  }).pipe(Effect.provide(layer), Effect.timeout("45 seconds"))
)
