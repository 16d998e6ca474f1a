/**
 * The HTTP interface as a contract: paths, bodies, answers and refusals. Handlers, the OpenAPI page and clients are made
 * of it.
 *
 * A refusal is JSON with its name in `_tag`: 404 not found, 409 conflict with the booking's state, 422 against the
 * rules, 400 malformed (naming the field), 401 and 403 for operators only, 503 try again.
 */
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { BookingEvent } from "../domain/BookingEvent.js"
import * as R from "../domain/BookingRejection.js"
import { BookingId, ClientId, ConcertId, PaymentId, Reason } from "../domain/Ids.js"
import { Seat } from "../domain/Seat.js"
import { live } from "../page/LiveApi.js"
import { Payment, PaymentIdTaken, Received } from "../payment/PaymentInbox.js"
import { SeatOffer } from "../reservation/TicketReservation.js"
import { BookingRow } from "../view/BookingRow.js"
import { CommandNotAnswered, StorageUnavailable, ViewBehind } from "./HttpError.js"
import { Operator } from "./Operator.js"
import { ReadToken } from "./ReadToken.js"

const clientId = HttpApiSchema.param("clientId", ClientId)
const bookingId = HttpApiSchema.param("bookingId", BookingId)
const concertId = HttpApiSchema.param("concertId", ConcertId)

/** More than any booking may hold, so that the rule answers and not the form; few enough to be read at once. */
const mostSeats = 100

/** With a `bookingId` of its own, a client can send the request again without placing twice. */
const PlaceBooking = Schema.Struct({
  bookingId: Schema.optionalWith(BookingId, { as: "Option", exact: true }),
  concertId: ConcertId,
  seats: Schema.NonEmptyArray(Seat).pipe(Schema.maxItems(mostSeats))
})

const CancelBooking = Schema.Struct({ reason: Reason })

/** A command has been accepted. */
const Accepted = Schema.Struct({ bookingId: BookingId, token: ReadToken })

const Placed = Schema.Struct({ bookingId: BookingId, location: Schema.String, token: ReadToken })

const token = Schema.optionalWith(ReadToken, { as: "Option", exact: true })

const after = Schema.optionalWith(
  Schema.compose(Schema.NumberFromString, Schema.NonNegativeInt.pipe(Schema.lessThan(Number.MAX_SAFE_INTEGER))),
  { exact: true }
)

export class ConcertNotFound extends Schema.TaggedError<ConcertNotFound>()("ConcertNotFound", {}) {}

const bookings = HttpApiGroup.make("bookings")
  .add(
    HttpApiEndpoint.post("place")`/clients/${clientId}/bookings`
      .setPayload(PlaceBooking)
      .addSuccess(Placed, { status: 201 })
      .addError(R.BookingAlreadyExists, { status: 409 })
      .addError(R.DuplicateSeats, { status: 422 })
      .addError(R.TooManySeats, { status: 422 })
      .addError(CommandNotAnswered, { status: 503 })
      .annotate(OpenApi.Description, "Orders seats. They are confirmed, or denied, soon after.")
  )
  .add(
    HttpApiEndpoint.get("list")`/clients/${clientId}/bookings`
      .setUrlParams(Schema.Struct({ token }))
      .addSuccess(Schema.Array(BookingRow))
      .addError(ViewBehind, { status: 503 })
      .addError(StorageUnavailable, { status: 503 })
  )
  .add(
    HttpApiEndpoint.get("get")`/clients/${clientId}/bookings/${bookingId}`
      .setUrlParams(Schema.Struct({ token, after }))
      .addSuccess(BookingRow)
      .addError(R.BookingNotFound, { status: 404 })
      .addError(ViewBehind, { status: 503 })
      .addError(StorageUnavailable, { status: 503 })
      .annotate(
        OpenApi.Description,
        "With `after`, a version, it answers when the booking has a later one, or in five seconds with the one it has: ask again. So nobody needs to look again and again."
      )
  )
  .add(
    HttpApiEndpoint.del("cancel")`/clients/${clientId}/bookings/${bookingId}`
      .setPayload(CancelBooking)
      .addSuccess(Accepted)
      .addError(R.BookingNotFound, { status: 404 })
      .addError(R.BookingIsAlreadySettled, { status: 409 })
      .addError(CommandNotAnswered, { status: 503 })
  )

const paymentId = HttpApiSchema.param("paymentId", PaymentId)

export class PaymentNotFound extends Schema.TaggedError<PaymentNotFound>()("PaymentNotFound", {}) {}

const payments = HttpApiGroup.make("payments")
  .add(
    HttpApiEndpoint.post("receive")`/payments`
      .setPayload(Received)
      .addSuccess(Payment, { status: 202 })
      .addError(PaymentIdTaken, { status: 409 })
      .addError(StorageUnavailable, { status: 503 })
      .annotate(
        OpenApi.Description,
        "Tells that the money for a booking has come. It is kept at once, and its booking is told soon after; the same payment again changes nothing."
      )
  )
  .add(
    HttpApiEndpoint.get("get")`/payments/${paymentId}`
      .addSuccess(Payment)
      .addError(PaymentNotFound, { status: 404 })
      .addError(StorageUnavailable, { status: 503 })
      .annotate(OpenApi.Description, "Where a payment stands, and why it was refused.")
  )
  .add(
    HttpApiEndpoint.get("ofClient")`/clients/${clientId}/payments`
      .addSuccess(Schema.Array(Payment))
      .addError(StorageUnavailable, { status: 503 })
      .annotate(OpenApi.Description, "Where a client's payments stand, the last received first, 1,000 at the most.")
  )
  .add(
    HttpApiEndpoint.get("refused")`/refused-payments`
      .middleware(Operator)
      .addSuccess(Schema.Array(Payment))
      .addError(StorageUnavailable, { status: 503 })
      .annotate(OpenApi.Description, "For operators: the payments whose money is to be given back, the last first.")
  )
  .add(
    HttpApiEndpoint.post("again")`/payments/${paymentId}/again`
      .middleware(Operator)
      .setPayload(Schema.Struct({}))
      .addSuccess(Payment, { status: 202 })
      .addError(PaymentNotFound, { status: 404 })
      .addError(StorageUnavailable, { status: 503 })
      .annotate(
        OpenApi.Description,
        "For operators: a refused payment is tried again. Of any other one, nothing changes."
      )
  )

const concerts = HttpApiGroup.make("concerts").add(
  HttpApiEndpoint.get("seats")`/concerts/${concertId}/seats`
    .addSuccess(Schema.Array(SeatOffer))
    .addError(ConcertNotFound, { status: 404 })
    .addError(StorageUnavailable, { status: 503 })
)

/** How many processes of a deployment there are in the cluster, and how many of them are in order. */
const Deployment = Schema.Struct({ name: Schema.String, processes: Schema.Int, running: Schema.Int })

const Readiness = Schema.Struct({ deployments: Schema.Array(Deployment) })

/** The storage does not answer, or processes are not run by any node. */
export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", {
  storage: Schema.Boolean,
  deployments: Schema.Array(Deployment)
}) {}

/** A process of the cluster: what is wished, what it does and for how long, where, and what went wrong last. */
const Process = Schema.Struct({
  deployment: Schema.String,
  index: Schema.Int,
  desired: Schema.Boolean,
  actual: Schema.Literal("Running", "Backoff", "Stopping", "Silent", "Waiting", "Stopped"),
  since: Schema.OptionFromNullOr(Schema.Number),
  runner: Schema.OptionFromNullOr(Schema.String),
  pinned: Schema.OptionFromNullOr(Schema.String),
  epoch: Schema.Int,
  starts: Schema.Int,
  lastError: Schema.OptionFromNullOr(Schema.String),
  sinceBeat: Schema.OptionFromNullOr(Schema.Number)
})

/** An event of a booking as the journal has it: its number in the booking, and when it was stored, in milliseconds. */
const Happened = Schema.Struct({ sequence: Schema.Int, timestamp: Schema.Number, event: BookingEvent })

const node = HttpApiGroup.make("node", { topLevel: true })
  .add(HttpApiEndpoint.get("health")`/health`.addSuccess(Schema.Struct({ status: Schema.Literal("alive") })))
  .add(HttpApiEndpoint.get("ready")`/ready`.addSuccess(Readiness).addError(NotReady, { status: 503 }))
  .add(
    HttpApiEndpoint.get("processes")`/processes`
      .middleware(Operator)
      .addSuccess(Schema.Array(Process))
      .addError(StorageUnavailable, { status: 503 })
      .annotate(OpenApi.Description, "For operators: where every process of the cluster runs. Times in milliseconds.")
  )
  .add(
    HttpApiEndpoint.get("events")`/bookings/${bookingId}/events`
      .middleware(Operator)
      .addSuccess(Schema.Array(Happened))
      .addError(StorageUnavailable, { status: 503 })
      .annotate(OpenApi.Description, "For operators: all that has happened to a booking; nothing, if there is none.")
  )

export class BookingApi extends HttpApi.make("booking")
  .add(bookings)
  .add(payments)
  .add(concerts)
  .add(live)
  .add(node)
  .annotate(OpenApi.Title, "Concert tickets")
  .annotate(OpenApi.Description, "Book seats, pay for them, or give them back.") {}
