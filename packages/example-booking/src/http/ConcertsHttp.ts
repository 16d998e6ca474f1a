/** The seat map of a concert. */
import { HttpApiBuilder } from "@effect/platform"
import { Effect } from "effect"
import { TicketReservation } from "../reservation/TicketReservation.js"
import { BookingApi, ConcertNotFound } from "./BookingApi.js"
import { unavailable } from "./HttpError.js"

export const ConcertsHttp = HttpApiBuilder.group(BookingApi, "concerts", (handlers) =>
  handlers.handle("seats", ({ path: { concertId } }) =>
    Effect.gen(function* () {
      const reservation = yield* TicketReservation
      const seats = yield* Effect.catchTag(reservation.seats(concertId), "TicketReservationError", unavailable)
      return seats.length > 0 ? seats : yield* new ConcertNotFound()
    })
  )
)
