/**
 * The rules of a booking: for each command, what happens in each state. Pure; `ignore` is success with nothing written.
 */
import type { Rpc } from "@effect/rpc"
import { DateTime, Either, Option, Schema } from "effect"
import { isNonEmptyReadonlyArray } from "effect/Array"
import type * as Command from "./BookingCommand.js"
import * as E from "./BookingEvent.js"
import * as R from "./BookingRejection.js"
import { BookingState, type Order } from "./BookingState.js"
import * as Money from "./Money.js"
import * as Seat from "./Seat.js"
import * as Ticket from "./Ticket.js"

/** How many seats one booking may hold. */
const maximumSeats = 10

/** What a command leads to: events, or the rejection that its protocol names. */
export type Decision<C extends Rpc.Any> = Either.Either<ReadonlyArray<E.BookingEvent>, Rpc.Error<C>>

const accept = (...events: ReadonlyArray<E.BookingEvent>) => Either.right(events)
const reject = Either.left

const ignore = () => accept()
const notFound = () => reject(new R.BookingNotFound())
const isNotConfirmed = () => reject(new R.BookingIsNotConfirmed())
const isConfirmed = () => reject(new R.BookingIsAlreadyConfirmed())
const isDenied = ({ reason }: In<"Denied">) => reject(new R.BookingIsDenied({ reason }))
const isCancelled = ({ reason }: In<"Cancelled">) => reject(new R.BookingIsAlreadyCanceled({ reason }))
const isExpired = ({ expiresAt }: In<"Expired">) => reject(new R.BookingIsExpired({ expiresAt }))
const isSettled = ({ paymentId }: In<"Settled">) => reject(new R.BookingIsAlreadySettled({ paymentId }))

type In<Status extends BookingState["_tag"]> = Extract<BookingState, { readonly _tag: Status }>

export const place = (
  state: BookingState,
  order: Rpc.Payload<typeof Command.Place>
): Decision<typeof Command.Place> => {
  if (state._tag === "NotPlaced") return placeNew(order)
  return sameOrder(state.order, order) ? ignore() : reject(new R.BookingAlreadyExists())
}

const placeNew = (order: Order): Decision<typeof Command.Place> => {
  const seats = Seat.duplicates(order.seats)
  if (isNonEmptyReadonlyArray(seats)) return reject(new R.DuplicateSeats({ seats }))
  const requested = order.seats.length
  if (requested > maximumSeats) return reject(new R.TooManySeats({ requested, maximum: maximumSeats }))
  return accept(new E.BookingPlaced(order))
}

export const confirm = (
  state: BookingState,
  confirmation: Rpc.Payload<typeof Command.Confirm>
): Decision<typeof Command.Confirm> =>
  BookingState.$match(state, {
    NotPlaced: notFound,
    AwaitingConfirmation: () => {
      const confirmed = new E.BookingConfirmed(confirmation)
      const isDue = Money.isDue(Ticket.total(confirmation.tickets))
      return isDue ? accept(confirmed) : accept(confirmed, new E.BookingSettled())
    },
    Confirmed: ignore,
    Denied: isDenied,
    Cancelled: isCancelled,
    Expired: isExpired,
    Settled: ignore
  })

export const deny = (state: BookingState, denial: Rpc.Payload<typeof Command.Deny>): Decision<typeof Command.Deny> =>
  BookingState.$match(state, {
    NotPlaced: notFound,
    AwaitingConfirmation: () => accept(new E.BookingDenied(denial)),
    Confirmed: isConfirmed,
    Denied: ignore,
    Cancelled: isCancelled,
    Expired: isExpired,
    Settled: isConfirmed
  })

export const cancel = (
  state: BookingState,
  cancellation: Rpc.Payload<typeof Command.Cancel>
): Decision<typeof Command.Cancel> =>
  BookingState.$match(state, {
    NotPlaced: notFound,
    AwaitingConfirmation: () => accept(new E.BookingCancelled(cancellation)),
    Confirmed: () => accept(new E.BookingCancelled(cancellation)),
    Denied: ignore,
    Cancelled: ignore,
    Expired: ignore,
    Settled: isSettled
  })

export const receivePayment = (
  state: BookingState,
  payment: Rpc.Payload<typeof Command.ReceivePayment>
): Decision<typeof Command.ReceivePayment> =>
  BookingState.$match(state, {
    NotPlaced: notFound,
    AwaitingConfirmation: isNotConfirmed,
    Confirmed: () => accept(new E.BookingPaid(payment), new E.BookingSettled()),
    Denied: isDenied,
    Cancelled: isCancelled,
    Expired: isExpired,
    Settled: (settled) => (Option.contains(settled.paymentId, payment.paymentId) ? ignore() : isSettled(settled))
  })

export const expire = (state: BookingState, _: void, now: DateTime.Utc): Decision<typeof Command.Expire> =>
  BookingState.$match(state, {
    NotPlaced: notFound,
    AwaitingConfirmation: isNotConfirmed,
    Confirmed: ({ expiresAt }) =>
      isOver(expiresAt, now) ? accept(new E.BookingExpired()) : reject(new R.TooEarlyToExpire({ expiresAt })),
    Denied: ignore,
    Cancelled: ignore,
    Expired: ignore,
    Settled: isSettled
  })

/** Whether the time to pay is over. Without a limit it never is. */
const isOver = (expiresAt: Option.Option<DateTime.Utc>, now: DateTime.Utc): boolean =>
  Option.exists(expiresAt, (moment) => DateTime.greaterThan(now, moment))

const sameSeats = Schema.equivalence(Seat.Seats)
const sameOrder = (a: Order, b: Order): boolean =>
  a.clientId === b.clientId && a.concertId === b.concertId && sameSeats(a.seats, b.seats)
