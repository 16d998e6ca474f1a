/** Receiving payments, and telling where they stand. What becomes of one is its booking's to say, later. */
import { HttpApiBuilder } from "@effect/platform"
import { Effect, Option } from "effect"
import { type Payment, PaymentInbox } from "../payment/PaymentInbox.js"
import { BookingApi, PaymentNotFound } from "./BookingApi.js"
import { unavailable } from "./HttpError.js"

const orNotFound = (payment: Option.Option<Payment>): Effect.Effect<Payment, PaymentNotFound> =>
  Option.match(payment, { onNone: () => new PaymentNotFound(), onSome: Effect.succeed })

export const PaymentsHttp = HttpApiBuilder.group(BookingApi, "payments", (handlers) =>
  handlers
    .handle("receive", ({ payload }) =>
      Effect.flatMap(PaymentInbox, (inbox) => inbox.receive(payload)).pipe(
        Effect.catchTag("PaymentInboxError", unavailable)
      )
    )
    .handle("ofClient", ({ path: { clientId } }) =>
      Effect.flatMap(PaymentInbox, (inbox) => inbox.ofClient(clientId)).pipe(
        Effect.catchTag("PaymentInboxError", unavailable)
      )
    )
    .handle("refused", () =>
      Effect.flatMap(PaymentInbox, (inbox) => inbox.refused).pipe(Effect.catchTag("PaymentInboxError", unavailable))
    )
    .handle("get", ({ path: { paymentId } }) =>
      Effect.flatMap(PaymentInbox, (inbox) => inbox.get(paymentId)).pipe(
        Effect.catchTag("PaymentInboxError", unavailable),
        Effect.flatMap(orNotFound)
      )
    )
    .handle("again", ({ path: { paymentId } }) =>
      Effect.flatMap(PaymentInbox, (inbox) => inbox.again(paymentId)).pipe(
        Effect.catchTag("PaymentInboxError", unavailable),
        Effect.flatMap(orNotFound)
      )
    )
)
