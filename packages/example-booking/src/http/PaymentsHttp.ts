/** Taking payments: what has been accepted here is the booking's to answer. */
import { HttpApiBuilder } from "@effect/platform"
import { Effect } from "effect"
import { Booking } from "../domain/Booking.js"
import { BookingApi, type Payment } from "./BookingApi.js"
import { checkOwner } from "./BookingsHttp.js"
import { notAnswered } from "./HttpError.js"

const receive = Effect.fn("receivePayment")(function* ({ bookingId, clientId, paymentId }: typeof Payment.Type) {
  yield* checkOwner(bookingId, clientId)
  const booking = yield* Booking
  const { sequence } = yield* booking.receipts(bookingId).ReceivePayment({ paymentId })
  return { bookingId, token: { key: bookingId, sequence } }
})

export const PaymentsHttp = HttpApiBuilder.group(BookingApi, "payments", (handlers) =>
  handlers.handle("receive", ({ payload }) => Effect.catchTag(receive(payload), "CommandFailed", notAnswered))
)
