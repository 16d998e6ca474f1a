/** The demo's clients: they compete over HTTP for the seats of one concert. */
import { Effect, Option, Random, Schedule } from "effect"
import { BookingId, ClientId, ConcertId, PaymentId } from "../domain/Ids.js"
import type { Seat } from "../domain/Seat.js"
import { type Front, isRefusal } from "../run/front.js"

const concert = ConcertId.make("concertA")

/** What the clients know and have done, all of them together. */
export interface Sale {
  /** Bookings that were answered with 201, and whose they are. */
  readonly accepted: Map<BookingId, ClientId>
  /** The seats that were free when the map was last looked at. */
  free: ReadonlyArray<Seat>
  looked: boolean
  /** The payments that were answered with 202. */
  readonly payments: Set<PaymentId>
}

export const makeSale = (): Sale => ({ accepted: new Map(), free: [], looked: false, payments: new Set() })

/** One or two seats that looked free; when none is left, any: others may not have heard yet. */
const chooseSeats = (sale: Sale) =>
  Effect.gen(function* () {
    const seats = sale.free
    const anySeat = { row: yield* Random.nextIntBetween(1, 31), number: yield* Random.nextIntBetween(1, 51) }
    const first = seats.length === 0 ? anySeat : (seats[yield* Random.nextIntBetween(0, seats.length)] ?? anySeat)
    const second = seats[yield* Random.nextIntBetween(0, Math.max(1, seats.length))]
    const two = second !== undefined && (second.row !== first.row || second.number !== first.number)
    return two && (yield* Random.nextBoolean) ? ([first, second] as const) : ([first] as const)
  })

const book = (sale: Sale, { ask }: Front, clientId: ClientId) =>
  Effect.gen(function* () {
    const seats = yield* chooseSeats(sale)
    const bookingId = BookingId.make(globalThis.crypto.randomUUID())
    const payload = { bookingId: Option.some(bookingId), concertId: concert, seats }
    yield* ask((_) => _.bookings.place({ path: { clientId }, payload }))
    sale.accepted.set(bookingId, clientId)
    return bookingId
  })

/** Looks at a booking, and pays for it when it has been confirmed. */
const pay = (sale: Sale, { ask }: Front, clientId: ClientId, bookingId: BookingId) =>
  Effect.gen(function* () {
    const path = { clientId, bookingId }
    const booking = yield* ask((_) => _.bookings.get({ path, urlParams: { token: Option.none() } }))
    if (booking.status !== "Confirmed") return
    const paymentId = PaymentId.make(`pay-${bookingId}`)
    const payload = { paymentId, clientId, bookingId }
    yield* ask((_) => _.payments.receive({ payload }))
    sale.payments.add(paymentId)
  }).pipe(
    // not in the view yet, or over meanwhile: the client does not mind
    Effect.catchIf(isRefusal, () => Effect.void)
  )

const look = (sale: Sale, { ask }: Front) =>
  Effect.map(
    ask((_) => _.concerts.seats({ path: { concertId: concert } })),
    (offers) => {
      sale.looked = true
      sale.free = offers.flatMap(({ available, seat }) => (available ? [seat] : []))
    }
  )

export interface Options {
  readonly bookings: number
  /** How many clients act at once. */
  readonly clients: number
  readonly front: Front
}

/**
 * Books until so many bookings were made and, for at most as many again, until the concert is sold out. Every fourth
 * booking a client goes back to an earlier one and pays for it.
 */
export const sellOut = (sale: Sale, options: Options) =>
  Effect.gen(function* () {
    const { front } = options
    yield* look(sale, front)
    yield* look(sale, front).pipe(Effect.repeat(Schedule.spaced("500 millis")), Effect.forkScoped)
    let begun = 0
    const isOver = () => begun >= options.bookings && (sale.free.length === 0 || begun >= 2 * options.bookings)
    const client = (number: number) =>
      Effect.gen(function* () {
        const clientId = ClientId.make(`client-${number}`)
        const own: Array<BookingId> = []
        while (!isOver()) {
          begun += 1
          own.push(yield* book(sale, front, clientId))
          const earlier = begun % 4 === 0 ? own.shift() : undefined
          if (earlier !== undefined) yield* pay(sale, front, clientId, earlier)
        }
      })
    yield* Effect.forEach(
      Array.from({ length: options.clients }, (_, i) => i + 1),
      client,
      {
        concurrency: "unbounded",
        discard: true
      }
    )
  }).pipe(Effect.scoped)
