/** The inbox of payments in the memory of this process, for tests and trials. Each call is one synchronous step. */
import { DateTime, Effect, Layer, Option } from "effect"
import type { PaymentId } from "../domain/Ids.js"
import * as Bell from "./bell.js"
import { hashOf, type Payment, PaymentIdTaken, PaymentInbox } from "./PaymentInbox.js"

const byDue = (a: Payment, b: Payment) => DateTime.toEpochMillis(a.dueAt) - DateTime.toEpochMillis(b.dueAt)
const settledAt = ({ settledAt: at }: Payment) => Option.match(at, { onNone: () => 0, onSome: DateTime.toEpochMillis })

const make = Effect.gen(function* () {
  const bell = yield* Bell.make
  const payments = new Map<PaymentId, Payment>()
  const all = () => [...payments.values()]

  /** Changes a payment where it is in the state; gives it as it is then. */
  const change = (
    paymentId: PaymentId,
    from: Payment["state"],
    next: (payment: Payment, now: DateTime.Utc) => Payment
  ) =>
    Effect.map(DateTime.now, (now) => {
      const known = payments.get(paymentId)
      if (known?.state === from) payments.set(paymentId, next(known, now))
      return Option.fromNullable(payments.get(paymentId))
    })

  return PaymentInbox.of({
    receive: (payment) =>
      Effect.gen(function* () {
        const now = yield* DateTime.now
        const known = payments.get(payment.paymentId)
        if (known !== undefined) {
          const same = known.bookingId === payment.bookingId && known.clientId === payment.clientId
          return same ? known : yield* new PaymentIdTaken()
        }
        const none = Option.none()
        const received = { ...payment, state: "received" as const, reason: none, attempts: 0, settledAt: none }
        const kept = { ...received, receivedAt: now, dueAt: now }
        payments.set(payment.paymentId, kept)
        yield* bell.ring
        return kept
      }),
    get: (paymentId) => Effect.sync(() => Option.fromNullable(payments.get(paymentId))),
    ofClient: (clientId) =>
      Effect.sync(() =>
        all()
          .filter((payment) => payment.clientId === clientId)
          .toReversed()
          .slice(0, 1000)
      ),
    refused: Effect.sync(() =>
      all()
        .filter(({ state }) => state === "refused")
        .toSorted((a, b) => settledAt(b) - settledAt(a))
        .slice(0, 1000)
    ),
    waiting: ({ index, of }, most) =>
      Effect.sync(() =>
        all()
          .filter((payment) => payment.state === "received" && hashOf(payment) % of === index)
          .toSorted(byDue)
          .slice(0, most)
      ),
    take: (paymentId) =>
      change(paymentId, "received", (payment, now) => ({ ...payment, state: "taken", settledAt: Option.some(now) })),
    refuse: (paymentId, reason) =>
      change(paymentId, "received", (payment, now) => ({
        ...payment,
        state: "refused",
        reason: Option.some(reason),
        settledAt: Option.some(now)
      })),
    postpone: (paymentId, dueAt) =>
      change(paymentId, "received", (payment) => ({ ...payment, attempts: payment.attempts + 1, dueAt })),
    again: (paymentId) =>
      Effect.tap(
        change(paymentId, "refused", (payment, now) => ({
          ...payment,
          state: "received",
          reason: Option.none(),
          attempts: 0,
          dueAt: now,
          settledAt: Option.none()
        })),
        bell.ring
      ),
    arrivals: bell.arrivals,
    arrivedSince: bell.arrivedSince
  })
})

export const layer: Layer.Layer<PaymentInbox> = Layer.effect(PaymentInbox, make)
