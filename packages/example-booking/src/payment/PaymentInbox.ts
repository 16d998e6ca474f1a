/**
 * The payments that have come: the port to their inbox. What is in it is worked on by its state, never by a position, so
 * that nothing is passed over, and each payment ends as taken or as refused.
 *
 * Guarantees of every implementation (the conformance suite in the tests holds them): a payment that was received once is
 * there for good; its id belongs to one booking; it is taken or refused once, whoever comes second changes nothing.
 */
import { Tagging } from "@aecor/core"
import { Context, Data, type DateTime, type Effect, type Option, Schema } from "effect"
import { BookingId, ClientId, PaymentId } from "../domain/Ids.js"

/** What a payer tells. */
export const Received = Schema.Struct({ paymentId: PaymentId, clientId: ClientId, bookingId: BookingId })
export type Received = typeof Received.Type

/**
 * A payment and where it stands: `received` and to be taken, also after refusals that may pass; `taken` by its booking;
 * or `refused` by it for `reason`, so that the money has to be given back, or the payment tried again.
 */
export interface Payment extends Schema.Schema.Type<typeof Payment> {}
export const Payment = Schema.Struct({
  ...Received.fields,
  state: Schema.Literal("received", "taken", "refused"),
  reason: Schema.OptionFromNullOr(Schema.String),
  attempts: Schema.NonNegativeInt,
  receivedAt: Schema.DateTimeUtc,
  /** When it is tried next, while it is `received`. */
  dueAt: Schema.DateTimeUtc,
  settledAt: Schema.OptionFromNullOr(Schema.DateTimeUtc)
}).annotations({ identifier: "Payment" })

/** The payment's id is that of a payment for another booking, or of another client. */
export class PaymentIdTaken extends Schema.TaggedError<PaymentIdTaken>()("PaymentIdTaken", {}) {
  override get message(): string {
    return "another payment has this id"
  }
}

/** The inbox did not answer. Whether the call took effect is not known; repeat it. */
export class PaymentInboxError extends Data.TaggedError("PaymentInboxError")<{
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.description
  }
}

/** One of `of` equal shares of all payments, from 0; the payments of a booking are in one of them. */
export interface Share {
  readonly index: number
  readonly of: number
}

/** By what a payment is put into a share. */
export const hashOf = ({ bookingId }: Pick<Received, "bookingId">): number => Tagging.stableHash(bookingId)

export class PaymentInbox extends Context.Tag("PaymentInbox")<
  PaymentInbox,
  {
    /** Keeps a payment. The same one again changes nothing, and tells where it stands. */
    readonly receive: (payment: Received) => Effect.Effect<Payment, PaymentIdTaken | PaymentInboxError>
    readonly get: (paymentId: PaymentId) => Effect.Effect<Option.Option<Payment>, PaymentInboxError>
    /** A client's, the last received first, 1,000 at the most. */
    readonly ofClient: (clientId: ClientId) => Effect.Effect<ReadonlyArray<Payment>, PaymentInboxError>
    /** The refused ones, the last first, 1,000 at the most. */
    readonly refused: Effect.Effect<ReadonlyArray<Payment>, PaymentInboxError>
    /** A share's received ones, those first that are due first; so many at the most. */
    readonly waiting: (share: Share, most: number) => Effect.Effect<ReadonlyArray<Payment>, PaymentInboxError>
    /** Of a received one: it is taken. */
    readonly take: (paymentId: PaymentId) => Effect.Effect<void, PaymentInboxError>
    /** Of a received one: it is refused, for good unless it is tried `again`. */
    readonly refuse: (paymentId: PaymentId, reason: string) => Effect.Effect<void, PaymentInboxError>
    /** Of a received one: it is tried again then. */
    readonly postpone: (paymentId: PaymentId, until: DateTime.Utc) => Effect.Effect<void, PaymentInboxError>
    /** Of a refused one: it is received again, and due. Tells where the payment stands. */
    readonly again: (paymentId: PaymentId) => Effect.Effect<Option.Option<Payment>, PaymentInboxError>
    /** How often this node has learnt that a payment may be due; and waiting until it has learnt so more often. */
    readonly arrivals: Effect.Effect<number>
    readonly arrivedSince: (arrivals: number) => Effect.Effect<void>
  }
>() {}
