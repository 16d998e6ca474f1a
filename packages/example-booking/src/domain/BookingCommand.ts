/**
 * What can be asked of a booking, and how each may be refused: the entity's protocol.
 */
import { Rpc } from "@effect/rpc"
import { Schema } from "effect"
import { ExpiresAt } from "./BookingEvent.js"
import * as R from "./BookingRejection.js"
import { BookingStatus } from "./BookingState.js"
import { ClientId, ConcertId, PaymentId, Reason } from "./Ids.js"
import { Seats } from "./Seat.js"
import { Tickets } from "./Ticket.js"

/** Orders seats. The very same order again changes nothing. */
export const Place = Rpc.make("Place", {
  payload: { clientId: ClientId, concertId: ConcertId, seats: Seats },
  error: Schema.Union(R.BookingAlreadyExists, R.DuplicateSeats, R.TooManySeats)
})

/** The seats are held, at these prices, until `expiresAt`. */
export const Confirm = Rpc.make("Confirm", {
  payload: { tickets: Tickets, expiresAt: ExpiresAt },
  error: Schema.Union(R.BookingNotFound, R.BookingIsDenied, R.BookingIsAlreadyCanceled, R.BookingIsExpired)
})

/** The seats cannot be had. */
export const Deny = Rpc.make("Deny", {
  payload: { reason: Reason },
  error: Schema.Union(R.BookingNotFound, R.BookingIsAlreadyConfirmed, R.BookingIsAlreadyCanceled, R.BookingIsExpired)
})

/** The client does not want the seats any more. */
export const Cancel = Rpc.make("Cancel", {
  payload: { reason: Reason },
  error: Schema.Union(R.BookingNotFound, R.BookingIsAlreadySettled)
})

/** The money has come. */
export const ReceivePayment = Rpc.make("ReceivePayment", {
  payload: { paymentId: PaymentId },
  error: Schema.Union(
    R.BookingNotFound,
    R.BookingIsNotConfirmed,
    R.BookingIsDenied,
    R.BookingIsAlreadyCanceled,
    R.BookingIsExpired,
    R.BookingIsAlreadySettled
  )
})

/** The time to pay is over. */
export const Expire = Rpc.make("Expire", {
  error: Schema.Union(R.BookingNotFound, R.BookingIsNotConfirmed, R.TooEarlyToExpire, R.BookingIsAlreadySettled)
})

/** Whose booking it is and where it stands, by the journal's newest event. */
export const Status = Rpc.make("Status", {
  success: Schema.Struct({ clientId: ClientId, status: BookingStatus }),
  error: R.BookingNotFound
})
