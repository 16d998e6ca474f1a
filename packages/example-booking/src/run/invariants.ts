/**
 * What has to be true of a sale that is over, whoever took part and whatever failed meanwhile: the seats, the payments and
 * the view, each counted where it is wrong. Pure: from what happened to the bookings, and what is shown of them.
 */
import { Array as Arr, Option, Order, Schema } from "effect"
import type { PaymentId } from "../domain/Ids.js"
import type { Payment } from "../payment/PaymentInbox.js"
import { BookingRow, type Happened, project } from "../view/BookingRow.js"

/** All that happened to one booking, in its order. */
export type History = ReadonlyArray<Happened>

export type Histories = ReadonlyMap<string, History>

/** How long a booking had a seat, in the journal's time; for ever where it has not given it back. */
interface Holding {
  readonly from: number
  readonly to: number
}

/** A seat is a seat of a concert. */
const seatsOf = (history: History): ReadonlyArray<string> => {
  const concerts = history.flatMap(({ event }) => (event._tag === "BookingPlaced" ? event.concertId : []))
  return history.flatMap(({ event }) =>
    event._tag === "BookingConfirmed"
      ? event.tickets.map(({ seat }) => JSON.stringify([concerts[0], seat.row, seat.number]))
      : []
  )
}

/** A booking has its seats from its confirmation until it is cancelled or has expired. */
const holdingOf = (history: History): Holding => {
  const at = (...tags: ReadonlyArray<string>) => history.find(({ event }) => tags.includes(event._tag))?.timestamp
  return {
    from: at("BookingConfirmed") ?? Infinity,
    to: at("BookingCancelled", "BookingExpired") ?? Infinity
  }
}

const byStart = Order.combine(
  Order.mapInput(Order.number, ({ from }: Holding) => from),
  Order.mapInput(Order.number, ({ to }: Holding) => to)
)

/** Whether two of them had the seat at the same time. What was given back may be had by the next one, at once. */
const overlap = (holdings: ReadonlyArray<Holding>): boolean => {
  const sorted = Arr.sort(holdings, byStart)
  let until = -Infinity
  return sorted.some(({ from, to }) => {
    const taken = from < until
    until = Math.max(until, to)
    return taken
  })
}

/** How many seats two bookings had at the same time. */
export const seatsSoldTwice = (histories: Histories): number => {
  const holdings = new Map<string, Array<Holding>>()
  for (const history of histories.values()) {
    const holding = holdingOf(history)
    for (const seat of seatsOf(history)) holdings.set(seat, [...(holdings.get(seat) ?? []), holding])
  }
  return [...holdings.values()].filter(overlap).length
}

/** Where a payment stands, as its inbox says. */
export type Standing = Pick<Payment, "state" | "reason">

/**
 * Of the payments that were accepted: how many are `lost`, because neither a booking took them nor a refusal says why not;
 * and how many were taken `twice`, by two bookings or in spite of a refusal.
 */
export const paymentsWrong = (
  accepted: Iterable<PaymentId>,
  inbox: ReadonlyMap<PaymentId, Standing>,
  histories: Histories
): { readonly lost: number; readonly twice: number } => {
  const times = new Map<PaymentId, number>()
  for (const { event } of [...histories.values()].flat()) {
    if (event._tag === "BookingPaid") times.set(event.paymentId, (times.get(event.paymentId) ?? 0) + 1)
  }
  const taken = (id: PaymentId) => times.get(id) ?? 0
  const isTaken = (id: PaymentId) => inbox.get(id)?.state === "taken"
  const isRefused = (id: PaymentId) => {
    const standing = inbox.get(id)
    return standing?.state === "refused" && Option.exists(standing.reason, (reason) => reason !== "")
  }
  const ids = [...accepted]
  return {
    lost: ids.filter((id) => (isTaken(id) ? taken(id) === 0 : !isRefused(id))).length,
    twice: ids.filter((id) => taken(id) > (isTaken(id) ? 1 : 0)).length
  }
}

/** What the view has to show of a booking; nothing of one that nothing happened to. */
export const foldOf = (history: History): Option.Option<BookingRow> =>
  history.reduce((row, event) => Option.some(project(row, event)), Option.none<BookingRow>())

const sameRow = Option.getEquivalence(Schema.equivalence(BookingRow))

/** Whether what is shown of a booking is what happened to it, to the last event. */
export const isFoldOf = (row: Option.Option<BookingRow>, history: History): boolean => sameRow(row, foldOf(history))

/** Events that can happen to a booking once only, found a second time. */
export const repeatedEvents = (history: History): number =>
  history.length - new Set(history.map(({ event }) => event._tag)).size
