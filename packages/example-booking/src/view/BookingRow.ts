/**
 * What clients see of a booking: one row each, folded from its events.
 */
import { type EntityEvent, Fold } from "@aecor/core"
import { DateTime, Option, Schema } from "effect"
import type { BookingEvent } from "../domain/BookingEvent.js"
import { BookingStatus } from "../domain/BookingState.js"
import { BookingId, ClientId, ConcertId } from "../domain/Ids.js"
import { Seats } from "../domain/Seat.js"
import { Ticket } from "../domain/Ticket.js"

/**
 * `confirmedAt` is when the journal stored the confirmation. `expiresAt` stands there while the booking waits for its
 * payment, and only then. `tickets` is empty until the seats are confirmed. `version` is the sequence of the last event
 * folded in.
 */
export interface BookingRow extends Schema.Schema.Type<typeof BookingRow> {}
export const BookingRow = Schema.Struct({
  bookingId: BookingId,
  clientId: ClientId,
  concertId: ConcertId,
  seats: Seats,
  tickets: Schema.Array(Ticket),
  status: BookingStatus,
  confirmedAt: Schema.OptionFromNullOr(Schema.DateTimeUtc),
  expiresAt: Schema.OptionFromNullOr(Schema.DateTimeUtc),
  version: Schema.Int
}).annotations({ identifier: "Booking" })

/** What of a stored event the row is made of. */
export type Happened = Pick<EntityEvent.EntityEvent<BookingEvent>, "event" | "key" | "sequence" | "timestamp">

/** The row after an event of its booking. */
export const project = (row: Option.Option<BookingRow>, { event, key, sequence, timestamp }: Happened): BookingRow => {
  if (event._tag === "BookingPlaced") {
    if (Option.isSome(row)) Fold.impossible("a booking was placed twice", event)
    const { clientId, concertId, seats } = event
    return {
      bookingId: BookingId.make(key),
      clientId,
      concertId,
      seats,
      tickets: [],
      status: "AwaitingConfirmation",
      confirmedAt: Option.none(),
      expiresAt: Option.none(),
      version: sequence
    }
  }
  const known = Option.getOrElse(row, () => Fold.impossible(`${event._tag} of a booking that was not placed`, event))
  const before = { ...known, version: sequence }
  const over = { ...before, expiresAt: Option.none() }
  switch (event._tag) {
    case "BookingConfirmed":
      return {
        ...before,
        status: "Confirmed",
        tickets: event.tickets,
        confirmedAt: Option.some(DateTime.unsafeMake(timestamp)),
        expiresAt: event.expiresAt
      }
    case "BookingDenied":
      return { ...over, status: "Denied" }
    case "BookingCancelled":
      return { ...over, status: "Cancelled" }
    case "BookingExpired":
      return { ...over, status: "Expired" }
    case "BookingPaid":
      return over
    case "BookingSettled":
      return { ...over, status: "Settled" }
  }
}
