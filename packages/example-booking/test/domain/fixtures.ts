/** Histories that lead to each state, and the values in them. */
import { addEqualityTesters } from "@effect/vitest"
import { DateTime, Duration, Option } from "effect"
import * as E from "../../src/domain/BookingEvent.js"
import type { BookingStatus } from "../../src/domain/BookingState.js"
import { ClientId, ConcertId, PaymentId } from "../../src/domain/Ids.js"
import * as Money from "../../src/domain/Money.js"
import type { Seats } from "../../src/domain/Seat.js"
import type { Tickets } from "../../src/domain/Ticket.js"

// amounts are equal when they are the same number
addEqualityTesters()

export const clientId = ClientId.make("ann")
/** Whose booking it is not. */
export const stranger = ClientId.make("bob")
export const concertId = ConcertId.make("concertA")
export const paymentId = PaymentId.make("p-1")
export const otherPaymentId = PaymentId.make("p-2")

export const seats: Seats = [
  { row: 1, number: 1 },
  { row: 1, number: 2 }
]
export const order = { clientId, concertId, seats }

export const tickets: Tickets = [
  { seat: { row: 1, number: 1 }, price: Money.of(500n) },
  { seat: { row: 1, number: 2 }, price: Money.of(500n) }
]
export const freeTickets: Tickets = [{ seat: { row: 1, number: 1 }, price: Money.of(0n) }]

/** The last moment that is in time. */
export const expiresAt = DateTime.unsafeMake("2026-03-01T18:00:00Z")
export const tooLate = DateTime.addDuration(expiresAt, Duration.millis(1))

export const denied = "the hall is full"
export const cancelled = "ill"

const placed = new E.BookingPlaced(order)
const confirmed = new E.BookingConfirmed({ tickets, expiresAt: Option.some(expiresAt) })

/** The shortest history to each state; `Settled` by `paymentId`. */
export const history: Readonly<Record<BookingStatus, ReadonlyArray<E.BookingEvent>>> = {
  AwaitingConfirmation: [placed],
  Confirmed: [placed, confirmed],
  Denied: [placed, new E.BookingDenied({ reason: denied })],
  Cancelled: [placed, new E.BookingCancelled({ reason: cancelled })],
  Expired: [placed, confirmed, new E.BookingExpired()],
  Settled: [placed, confirmed, new E.BookingPaid({ paymentId }), new E.BookingSettled()]
}
