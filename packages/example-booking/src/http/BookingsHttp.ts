/** Placing, cancelling and reading bookings. */
import { HttpApiBuilder, HttpApp, HttpServerResponse } from "@effect/platform"
import { Effect, Option } from "effect"
import { Booking } from "../domain/Booking.js"
import { BookingNotFound } from "../domain/BookingRejection.js"
import { BookingId, type ClientId } from "../domain/Ids.js"
import type { BookingRow } from "../view/BookingRow.js"
import { Bookings } from "../view/Bookings.js"
import { BookingApi } from "./BookingApi.js"
import { behind, notAnswered, unavailable } from "./HttpError.js"
import type { ReadToken } from "./ReadToken.js"

/** How long a query waits for what its token stands for, or for a later version. */
const patience = "5 seconds"

const newId = Effect.sync(() => BookingId.make(globalThis.crypto.randomUUID()))

const setLocation = (location: string) =>
  HttpApp.appendPreResponseHandler((_, response) =>
    Effect.succeed(HttpServerResponse.setHeader(response, "location", location))
  )

/** To anybody but its owner, a booking does not exist. */
const checkOwner = Effect.fn("checkOwner")(function* (bookingId: BookingId, clientId: ClientId) {
  const booking = yield* Booking
  const { clientId: owner } = yield* booking(bookingId).Status()
  if (owner !== clientId) return yield* new BookingNotFound()
})

/** Why the view does not answer. */
const unanswered = {
  ReceiptTimeout: behind,
  Quarantined: behind,
  ViewStoreError: unavailable,
  ViewAliasError: unavailable,
  UnknownVersion: unavailable
}

const awaitToken = (token: Option.Option<ReadToken>) =>
  Effect.flatMap(Bookings, (view) =>
    Option.match(token, { onNone: () => Effect.void, onSome: (receipt) => view.awaitReceipt(receipt, patience) })
  )

/** The row of a booking, of one that was found. To anybody but its owner there is none. */
const ofOwner =
  (clientId: ClientId) =>
  (row: Option.Option<{ readonly view: BookingRow }>): Effect.Effect<BookingRow, BookingNotFound> =>
    Option.match(
      Option.filter(row, ({ view }) => view.clientId === clientId),
      { onNone: () => new BookingNotFound(), onSome: ({ view }) => Effect.succeed(view) }
    )

/** The row when it shows what a token of this booking stands for, or now where none is given. */
const rowAt = (bookingId: BookingId, token: Option.Option<ReadToken>) =>
  Effect.flatMap(Bookings, (view) =>
    Option.isSome(token) && token.value.key === bookingId
      ? view.getAfter(token.value, patience)
      : Effect.zipRight(awaitToken(token), view.get(bookingId))
  )

/** The row when it has a version beyond. That there is none in time is no error: the client asks again. */
const rowBeyond = (bookingId: BookingId, version: number) =>
  Effect.flatMap(Bookings, (view) =>
    view
      .getAfter({ key: bookingId, sequence: version + 1 }, patience)
      .pipe(Effect.catchTag("ReceiptTimeout", () => view.get(bookingId)))
  )

export const BookingsHttp = HttpApiBuilder.group(BookingApi, "bookings", (handlers) =>
  handlers
    .handle("place", ({ path: { clientId }, payload }) =>
      Effect.gen(function* () {
        const { concertId, seats } = payload
        const booking = yield* Booking
        const bookingId = yield* Option.match(payload.bookingId, { onNone: () => newId, onSome: Effect.succeed })
        const { sequence } = yield* booking.receipts(bookingId).Place({ clientId, concertId, seats })
        const location = `/clients/${clientId}/bookings/${bookingId}`
        yield* setLocation(location)
        return { bookingId, location, token: { key: bookingId, sequence } }
      }).pipe(Effect.catchTag("CommandFailed", notAnswered))
    )
    .handle("cancel", ({ path: { bookingId, clientId }, payload }) =>
      Effect.gen(function* () {
        yield* checkOwner(bookingId, clientId)
        const booking = yield* Booking
        const { sequence } = yield* booking.receipts(bookingId).Cancel(payload)
        return { bookingId, token: { key: bookingId, sequence } }
      }).pipe(Effect.catchTag("CommandFailed", notAnswered))
    )
    .handle("get", ({ path: { bookingId, clientId }, urlParams: { after, token } }) =>
      Effect.gen(function* () {
        const own = ofOwner(clientId)
        const row = yield* Effect.flatMap(rowAt(bookingId, token), own)
        if (after === undefined || row.version > after) return row
        return yield* Effect.flatMap(rowBeyond(bookingId, after), own)
      }).pipe(Effect.catchTags(unanswered))
    )
    .handle("list", ({ path: { clientId }, urlParams: { token } }) =>
      Effect.gen(function* () {
        yield* awaitToken(token)
        return yield* (yield* Bookings).find({ clientId })
      }).pipe(Effect.catchTags(unanswered))
    )
)
