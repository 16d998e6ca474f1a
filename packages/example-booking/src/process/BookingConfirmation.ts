/**
 * Confirms bookings: for each one that is placed, asks for its seats and confirms or denies it accordingly.
 *
 * An event may come again, after a crash or from a second copy. The reservation answers as before, and each command
 * carries an id made of its own name and the event's id, so a repeat changes nothing. Meanwhile somebody may have been faster: the client
 * cancelled, or another copy has told the booking already. That is no error; what the reservation holds for a booking
 * that is over is released by whoever reacts to its end.
 */
import { EntityEvent } from "@aecor/core"
import { Projection } from "@aecor/projection"
import { Effect, Option, Schedule } from "effect"
import { Booking, BookingJournal } from "../domain/Booking.js"
import type { BookingEvent, BookingPlaced } from "../domain/BookingEvent.js"
import { BookingId } from "../domain/Ids.js"
import { TicketReservation } from "../reservation/TicketReservation.js"

const name = "BookingConfirmation"

const confirm = Effect.fn(name)(function* (
  bookingId: BookingId,
  { concertId, seats }: BookingPlaced,
  cause: EntityEvent.EntityEvent<BookingEvent>
) {
  const booking = (yield* Booking)(bookingId)
  const reservation = yield* TicketReservation
  const metadata = EntityEvent.causedBy(cause)
  // the names are of one kind each and contain no slash, so no two processes and no two commands make the same id
  const once = (command: string) => ({ commandId: `${name}/${command}/${cause.id}`, metadata })
  const deny = (refusal: Error) => booking.Deny({ reason: refusal.message }, once("Deny"))

  yield* reservation.reserve(bookingId, concertId, seats).pipe(
    Effect.flatMap(({ expiresAt, tickets }) =>
      booking.Confirm({ tickets, expiresAt: Option.some(expiresAt) }, once("Confirm"))
    ),
    Effect.catchTags({ SeatsAlreadyBooked: deny, UnknownSeats: deny, ReservationReleased: deny })
  )
})

/** What no answer came to is asked again for a while, before the process ends and its tag waits for a restart. */
const again = Schedule.exponential("50 millis").pipe(
  Schedule.union(Schedule.spaced("1 second")),
  Schedule.upTo("10 seconds")
)
const isUnanswered = (error: { readonly _tag: string }) =>
  error._tag === "CommandFailed" || error._tag === "TicketReservationError"

/** What a rejection tells that came because the booking has moved on. */
const somebodyWasFaster = (bookingId: BookingId) => (rejection: Error) =>
  Effect.logDebug(`booking ${bookingId}: ${rejection.message}`)

/** What is done about one event. */
export const react = (placed: EntityEvent.EntityEvent<BookingEvent>) => {
  if (placed.event._tag !== "BookingPlaced") return Effect.void
  const bookingId = BookingId.make(placed.key)
  const faster = somebodyWasFaster(bookingId)
  return confirm(bookingId, placed.event, placed).pipe(
    Effect.retry({ schedule: again, while: isUnanswered }),
    Effect.catchTags({
      BookingIsAlreadyCanceled: faster,
      BookingIsAlreadyConfirmed: faster,
      BookingIsDenied: faster,
      BookingIsExpired: faster
    })
  )
}

export const bookingConfirmation = Projection.atLeastOnce(name, { journal: BookingJournal, handle: react })
