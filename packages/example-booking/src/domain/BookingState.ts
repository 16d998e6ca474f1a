/**
 * Where a booking stands, as its decisions need it, and how the events lead there.
 */
import { Fold } from "@aecor/core"
import { Data, type DateTime, Option, Schema } from "effect"
import { BookingEvent } from "./BookingEvent.js"
import type { ClientId, ConcertId, PaymentId } from "./Ids.js"
import type { Seats } from "./Seat.js"

/** The states of a booking, by the names that callers and views see. */
export const BookingStatus = Schema.Literal(
  "AwaitingConfirmation",
  "Confirmed",
  "Denied",
  "Cancelled",
  "Expired",
  "Settled"
).annotations({ identifier: "BookingStatus" })
export type BookingStatus = typeof BookingStatus.Type

/** What was ordered, and by whom; never changes. */
export interface Order {
  readonly clientId: ClientId
  readonly concertId: ConcertId
  readonly seats: Seats
}

export type BookingState = Data.TaggedEnum<{
  readonly NotPlaced: {}
  readonly AwaitingConfirmation: { readonly order: Order }
  readonly Confirmed: {
    readonly order: Order
    readonly expiresAt: Option.Option<DateTime.Utc>
    readonly paymentId: Option.Option<PaymentId>
  }
  readonly Denied: { readonly order: Order; readonly reason: string }
  readonly Cancelled: { readonly order: Order; readonly reason: string }
  readonly Expired: { readonly order: Order; readonly expiresAt: Option.Option<DateTime.Utc> }
  readonly Settled: { readonly order: Order; readonly paymentId: Option.Option<PaymentId> }
}>
export const BookingState = Data.taggedEnum<BookingState>()

const { AwaitingConfirmation, Cancelled, Confirmed, Denied, Expired, NotPlaced, Settled } = BookingState

const impossible = (state: BookingState, event: BookingEvent) =>
  Fold.impossible(`${event._tag} in state ${state._tag}`, event)

export const fold: Fold.Fold<BookingState, BookingEvent> = Fold.of(BookingEvent)<BookingState>(NotPlaced(), {
  BookingPlaced: (state, event) => {
    const { clientId, concertId, seats } = event
    return state._tag === "NotPlaced"
      ? AwaitingConfirmation({ order: { clientId, concertId, seats } })
      : impossible(state, event)
  },
  BookingConfirmed: (state, event) =>
    state._tag === "AwaitingConfirmation"
      ? Confirmed({ order: state.order, expiresAt: event.expiresAt, paymentId: Option.none() })
      : impossible(state, event),
  BookingDenied: (state, event) =>
    state._tag === "AwaitingConfirmation"
      ? Denied({ order: state.order, reason: event.reason })
      : impossible(state, event),
  BookingCancelled: (state, event) =>
    state._tag === "AwaitingConfirmation" || state._tag === "Confirmed"
      ? Cancelled({ order: state.order, reason: event.reason })
      : impossible(state, event),
  BookingExpired: (state, event) =>
    state._tag === "Confirmed" ? Expired({ order: state.order, expiresAt: state.expiresAt }) : impossible(state, event),
  BookingPaid: (state, event) =>
    state._tag === "Confirmed"
      ? Confirmed({ ...state, paymentId: Option.some(event.paymentId) })
      : impossible(state, event),
  BookingSettled: (state, event) =>
    state._tag === "Confirmed" ? Settled({ order: state.order, paymentId: state.paymentId }) : impossible(state, event)
})
