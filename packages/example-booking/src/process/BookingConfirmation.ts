/**
 * Confirms bookings: for each one that is placed, asks for its seats and confirms or denies it accordingly.
 *
 * An event may come again, after a crash or from a second copy. The reservation answers as before, and a command that
 * took effect does not do so again. Meanwhile somebody may have been faster: the client cancelled, or another copy has
 * told the booking already. Such a rejection is no error; what the reservation holds for a booking that is over is
 * released by `BookingRelease`.
 */
import type { EntityEvent } from "@aecor/core"
import { ProcessManager } from "@aecor/projection"
import { Effect, Either, Option } from "effect"
import { Booking, BookingJournal } from "../domain/Booking.js"
import type { BookingPlaced } from "../domain/BookingEvent.js"
import { BookingId } from "../domain/Ids.js"
import { TicketReservation } from "../reservation/TicketReservation.js"
import { whileSilent } from "./again.js"

/** What is done about one event. */
export const react = Effect.fn("BookingConfirmation")(function* (
  { event, key }: EntityEvent.EntityEvent<BookingPlaced>,
  send: ProcessManager.Send
) {
  const bookingId = BookingId.make(key)
  const booking = (yield* Booking)(bookingId)
  const reservation = yield* TicketReservation
  const deny = ({ message }: Error) => send("Deny", (options) => booking.Deny({ reason: message }, options))

  const outcome: Either.Either<void, Error> = yield* whileSilent(
    reservation.reserve(bookingId, event.concertId, event.seats)
  ).pipe(
    Effect.flatMap(({ expiresAt, tickets }) =>
      send("Confirm", (options) => booking.Confirm({ tickets, expiresAt: Option.some(expiresAt) }, options))
    ),
    Effect.catchTags({ SeatsAlreadyBooked: deny, UnknownSeats: deny, ReservationReleased: deny })
  )
  // the booking has moved on
  if (Either.isLeft(outcome)) yield* Effect.logDebug(`booking ${bookingId}: ${outcome.left.message}`)
})

export const bookingConfirmation = ProcessManager.make("BookingConfirmation", {
  journal: BookingJournal,
  only: ["BookingPlaced"],
  react
})
