/**
 * A sale: customers that come, book, look at what they have booked, and do what they mean to. What each was promised by
 * the service is noted, to be checked afterwards.
 */
import { Clock, Duration, Effect, Option } from "effect"
import { BookingId, ClientId, PaymentId } from "../domain/Ids.js"
import type { ReadToken } from "../http/ReadToken.js"
import { type Client, type Front, isRefusal } from "../run/front.js"
import type { BookingRow } from "../view/BookingRow.js"
import * as Latency from "./Latency.js"
import type { Customer, Intention } from "./Plan.js"

/** A booking that was answered with 201. */
export interface Promised {
  readonly clientId: ClientId
  readonly bookingId: BookingId
}

export interface Sale {
  readonly bookings: Array<Promised>
  /** The payments that were answered with 202. */
  readonly payments: Array<PaymentId>
  /** How the commands were answered that the service refused, by name. */
  readonly refusals: Map<string, number>
  /** Of commands: from the request to the answer. */
  readonly commands: Latency.Latency
  /** From a command's answer until the view shows it to who holds the answer's token. */
  readonly views: Latency.Latency
}

export const make = (): Sale => ({
  bookings: [],
  payments: [],
  refusals: new Map(),
  commands: Latency.make(),
  views: Latency.make()
})

/** How long a customer waits to hear whether the seats are confirmed. */
const patience = "2 minutes"

/** One customer of the sale. `run` sets the names of this sale apart from those of any other. */
const serve = (sale: Sale, { ask }: Front, run: string, customer: Customer) => {
  const clientId = ClientId.make(`client-${run}-${customer.number}`)
  const bookingId = BookingId.make(`load-${run}-${customer.number}`)
  const paymentId = PaymentId.make(`pay-${run}-${customer.number}`)
  const path = { clientId, bookingId }

  /** Sends a command. A refusal is an answer like any other. */
  const command = <A, E extends { readonly _tag: string }, R>(request: (client: Client) => Effect.Effect<A, E, R>) =>
    sale.commands.measure(
      Effect.map(ask(request), Option.some).pipe(
        Effect.catchIf(isRefusal, ({ _tag }) =>
          Effect.sync(() => {
            sale.refusals.set(_tag, (sale.refusals.get(_tag) ?? 0) + 1)
            return Option.none<A>()
          })
        )
      )
    )
  const look = (urlParams: { readonly token: Option.Option<ReadToken>; readonly after?: number }) =>
    ask((_) => _.bookings.get({ path, urlParams }))
  const seen = (answer: Option.Option<{ readonly token: ReadToken }>) =>
    Option.match(answer, {
      onNone: () => Effect.void,
      onSome: ({ token }) => Effect.asVoid(sale.views.measure(look({ token: Option.some(token) })))
    })
  const decided = Effect.iterate(Option.none<BookingRow>(), {
    while: Option.match({ onNone: () => true, onSome: ({ status }) => status === "AwaitingConfirmation" }),
    // a booking that was placed has the version 1
    body: (before) =>
      Effect.asSome(
        look({ token: Option.none(), after: Option.match(before, { onNone: () => 1, onSome: (row) => row.version }) })
      )
  }).pipe(Effect.timeoutOption(patience), Effect.map(Option.flatten))

  const place = Effect.gen(function* () {
    const { concertId, seats } = customer
    const payload = { bookingId: Option.some(bookingId), concertId, seats }
    const answer = yield* command((_) => _.bookings.place({ path: { clientId }, payload }))
    if (Option.isSome(answer)) sale.bookings.push({ clientId, bookingId })
    yield* seen(answer)
  })
  const pay = Effect.gen(function* () {
    const answer = yield* command((_) => _.payments.receive({ payload: { paymentId, clientId, bookingId } }))
    if (Option.isSome(answer)) sale.payments.push(paymentId)
  })
  const cancel = Effect.flatMap(
    command((_) => _.bookings.cancel({ path, payload: { reason: "the customer has thought again" } })),
    seen
  )
  const doings: Readonly<Record<Intention, Effect.Effect<void, Effect.Effect.Error<typeof pay | typeof cancel>>>> = {
    pay,
    payTwice: Effect.all([pay, pay], { concurrency: 2, discard: true }),
    payAtOnce: pay,
    cancel,
    cancelAtOnce: cancel,
    cancelAndPay: Effect.zipRight(cancel, pay),
    nothing: Effect.void
  }
  return Effect.gen(function* () {
    yield* place
    if (customer.intention !== "payAtOnce" && customer.intention !== "cancelAtOnce") {
      const row = yield* decided
      if (!Option.exists(row, ({ status }) => status === "Confirmed")) return
    }
    yield* doings[customer.intention]
  })
}

export interface Options {
  readonly front: Front
  readonly customers: ReadonlyArray<Customer>
  /** How many customers are served at once; the others wait outside. Customers that come at a rate do not wait. */
  readonly concurrency: number | "unbounded"
  readonly run: string
}

/** Runs the sale; tells how many seconds it took. */
export const sell = (sale: Sale, { concurrency, customers, front, run }: Options) =>
  Effect.gen(function* () {
    const since = yield* Clock.currentTimeMillis
    yield* Effect.forEach(
      customers,
      (customer) =>
        Effect.gen(function* () {
          const wait = since + customer.arrives - (yield* Clock.currentTimeMillis)
          if (wait > 0) yield* Effect.sleep(Duration.millis(wait))
          yield* serve(sale, front, run, customer)
        }),
      { concurrency, discard: true }
    )
    return ((yield* Clock.currentTimeMillis) - since) / 1000
  })
