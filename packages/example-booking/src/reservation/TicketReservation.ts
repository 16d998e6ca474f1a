/**
 * Who has which seat: the port to the ticket reservation, a service of its own.
 *
 * Guarantees of every implementation (the conformance suite in the tests holds them): a seat is held for one booking at
 * a time; `reserve` and `release` may be repeated, also by two callers at once, and a repeat changes nothing and hears
 * what was answered before. Seats become free by `release` alone, never by a clock: whether a booking is over is the
 * booking's to say, or a payment that comes just in time would settle a seat that was sold again.
 */
import { Context, Data, Duration, type Effect, Schema } from "effect"
import type { BookingId, ConcertId } from "../domain/Ids.js"
import { Money } from "../domain/Money.js"
import * as Seat from "../domain/Seat.js"
import { Tickets } from "../domain/Ticket.js"

/** The seats are held, at these prices; a booking that is not paid after `expiresAt` is to be given up. */
export class SeatsHeld extends Schema.TaggedClass<SeatsHeld>()("SeatsHeld", {
  tickets: Tickets,
  expiresAt: Schema.DateTimeUtc
}) {}

/** These of the seats are held for other bookings; none is held for this one. */
export class SeatsAlreadyBooked extends Schema.TaggedError<SeatsAlreadyBooked>()("SeatsAlreadyBooked", {
  seats: Seat.Seats
}) {
  override get message(): string {
    return `already booked: ${Seat.labels(this.seats)}`
  }
}

/** The concert has no such seats, or there is no such concert; none is held. */
export class UnknownSeats extends Schema.TaggedError<UnknownSeats>()("UnknownSeats", {
  seats: Seat.Seats
}) {
  override get message(): string {
    return `no such seats: ${Seat.labels(this.seats)}`
  }
}

/** The booking has been released already, so it gets no seats any more. */
export class ReservationReleased extends Schema.TaggedError<ReservationReleased>()("ReservationReleased", {}) {
  override get message(): string {
    return "the seats of this booking have been released"
  }
}

export type Refusal = SeatsAlreadyBooked | UnknownSeats | ReservationReleased

/** What `reserve` says, and says again. */
export const Answer = Schema.Union(SeatsHeld, SeatsAlreadyBooked, UnknownSeats, ReservationReleased)
export type Answer = typeof Answer.Type

/** The reservation did not answer. Whether the call took effect is not known; repeat it. */
export class TicketReservationError extends Data.TaggedError("TicketReservationError")<{
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.description
  }
}

/** A seat as it is offered. */
export interface SeatOffer extends Schema.Schema.Type<typeof SeatOffer> {}
export const SeatOffer = Schema.Struct({ seat: Seat.Seat, price: Money, available: Schema.Boolean }).annotations({
  identifier: "SeatOffer"
})

export interface Settings {
  /** How long after the reservation a booking expires that is not paid; 6 hours by default. */
  readonly expiry?: Duration.DurationInput
}

export const expiryOf = (settings: Settings): Duration.Duration => Duration.decode(settings.expiry ?? "6 hours")

export class TicketReservation extends Context.Tag("TicketReservation")<
  TicketReservation,
  {
    /** Holds all of the seats for the booking, or none. */
    readonly reserve: (
      bookingId: BookingId,
      concertId: ConcertId,
      seats: Seat.Seats
    ) => Effect.Effect<SeatsHeld, Refusal | TicketReservationError>
    /** Frees what is held for the booking, for good: also when it comes before `reserve`, which is refused then. */
    readonly release: (bookingId: BookingId) => Effect.Effect<void, TicketReservationError>
    /** The seats of a concert, by row and number; none when there is no such concert. */
    readonly seats: (concertId: ConcertId) => Effect.Effect<ReadonlyArray<SeatOffer>, TicketReservationError>
  }
>() {}
