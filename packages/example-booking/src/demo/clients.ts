/**
 * The demo's clients: they compete over HTTP for the seats of one concert. A client whose node vanishes sends the same
 * request to another node; the booking's id makes that harmless.
 */
import { HttpApiClient, type HttpClient } from "@effect/platform"
import { Effect, Option, Random, Schedule } from "effect"
import { BookingId, ClientId, ConcertId, PaymentId } from "../domain/Ids.js"
import type { Seat } from "../domain/Seat.js"
import { BookingApi } from "../http/BookingApi.js"
import type { Node } from "./nodes.js"

const concert = ConcertId.make("concertA")

type Client = Effect.Effect.Success<ReturnType<typeof connect>>
const connect = (node: Node) => HttpApiClient.make(BookingApi, { baseUrl: node.url })

/** What the clients know and have done, all of them together. */
export interface Sale {
  /** Bookings that were answered with 201, and whose they are. */
  readonly accepted: Map<BookingId, ClientId>
  /** The seats that were free when the map was last looked at. */
  free: ReadonlyArray<Seat>
  looked: boolean
  requests: number
  /** The payments that were answered with 202. */
  readonly payments: Set<PaymentId>
  /** Requests that were sent again because a node did not answer. */
  repeated: number
}

export const makeSale = (): Sale => ({
  accepted: new Map(),
  free: [],
  looked: false,
  requests: 0,
  payments: new Set(),
  repeated: 0
})

/** How long a request is tried on one node after another before the demo counts as failed. */
const patience = "60 seconds"

/**
 * Sends a request to any of the nodes, and to another one while it is not answered. A refusal of the application is an
 * answer.
 */
const ask = <A, E, R>(
  sale: Sale,
  clients: () => ReadonlyArray<Client>,
  request: (client: Client) => Effect.Effect<A, E, R>,
  isAnswer: (error: E) => boolean
) =>
  Effect.gen(function* () {
    const all = clients()
    const client = all[yield* Random.nextIntBetween(0, all.length)]
    if (client === undefined) return yield* Effect.dieMessage("there is no node to ask")
    sale.requests += 1
    return yield* Effect.tapError(request(client), (error) =>
      Effect.sync(() => void (sale.repeated += isAnswer(error) ? 0 : 1))
    )
  }).pipe(
    Effect.retry({
      while: (error) => !isAnswer(error),
      schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo(patience))
    })
  )

const unanswered = new Set(["RequestError", "ResponseError", "CommandNotAnswered", "StorageUnavailable", "ViewBehind"])
const isRefusal = (error: { readonly _tag: string }) => !unanswered.has(error._tag)

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

const book = (sale: Sale, clients: () => ReadonlyArray<Client>, clientId: ClientId) =>
  Effect.gen(function* () {
    const seats = yield* chooseSeats(sale)
    const bookingId = BookingId.make(globalThis.crypto.randomUUID())
    const payload = { bookingId: Option.some(bookingId), concertId: concert, seats }
    yield* ask(sale, clients, (_) => _.bookings.place({ path: { clientId }, payload }), isRefusal)
    sale.accepted.set(bookingId, clientId)
    return bookingId
  })

/** Looks at a booking, and pays for it when it has been confirmed. */
const pay = (sale: Sale, clients: () => ReadonlyArray<Client>, clientId: ClientId, bookingId: BookingId) =>
  Effect.gen(function* () {
    const path = { clientId, bookingId }
    const booking = yield* ask(
      sale,
      clients,
      (_) => _.bookings.get({ path, urlParams: { token: Option.none() } }),
      isRefusal
    )
    if (booking.status !== "Confirmed") return
    const paymentId = PaymentId.make(`pay-${bookingId}`)
    const payload = { paymentId, clientId, bookingId }
    yield* ask(sale, clients, (_) => _.payments.receive({ payload }), isRefusal)
    sale.payments.add(paymentId)
  }).pipe(
    // not in the view yet, or over meanwhile: the client does not mind
    Effect.catchIf(isRefusal, () => Effect.void)
  )

const look = (sale: Sale, clients: () => ReadonlyArray<Client>) =>
  Effect.map(
    ask(sale, clients, (_) => _.concerts.seats({ path: { concertId: concert } }), isRefusal),
    (offers) => {
      sale.looked = true
      sale.free = offers.flatMap(({ available, seat }) => (available ? [seat] : []))
    }
  )

export interface Options {
  readonly bookings: number
  /** How many clients act at once. */
  readonly clients: number
  /** The nodes that can be asked, now. */
  readonly nodes: () => ReadonlyArray<Node>
}

/**
 * Books until so many bookings were made and, for at most as many again, until the concert is sold out. Every fourth
 * booking a client goes back to an earlier one and pays for it.
 */
export const sellOut = (sale: Sale, options: Options) =>
  Effect.gen(function* () {
    const known = new Map<string, Client>()
    const context = yield* Effect.context<HttpClient.HttpClient>()
    const refresh = Effect.forEach(
      options.nodes().filter((node) => !known.has(node.url)),
      (node) => Effect.map(connect(node), (client) => known.set(node.url, client))
    ).pipe(Effect.provide(context))
    const clients = () => options.nodes().flatMap(({ url }) => known.get(url) ?? [])

    yield* refresh
    yield* look(sale, clients)
    yield* Effect.zipRight(
      Effect.suspend(() => refresh),
      look(sale, clients)
    ).pipe(Effect.repeat(Schedule.spaced("500 millis")), Effect.forkScoped)
    let begun = 0
    const isOver = () => begun >= options.bookings && (sale.free.length === 0 || begun >= 2 * options.bookings)
    const client = (number: number) =>
      Effect.gen(function* () {
        const clientId = ClientId.make(`client-${number}`)
        const own: Array<BookingId> = []
        while (!isOver()) {
          begun += 1
          own.push(yield* book(sale, clients, clientId))
          const earlier = begun % 4 === 0 ? own.shift() : undefined
          if (earlier !== undefined) yield* pay(sale, clients, clientId, earlier)
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
