/**
 * The ids and the short texts of the domain. Storage format: bounds may be widened, never narrowed.
 */
import { Schema } from "effect"

/** Letters, digits, `-`, `_`, `.`; 64 at the most: safe in an address, in a log line and as a key. */
const idShape = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    message: () => "must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit",
    jsonSchema: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", minLength: 1, maxLength: 64 }
  })
)

export const BookingId = idShape.pipe(Schema.brand("BookingId"), Schema.annotations({ identifier: "BookingId" }))
export type BookingId = typeof BookingId.Type

export const ClientId = idShape.pipe(Schema.brand("ClientId"), Schema.annotations({ identifier: "ClientId" }))
export type ClientId = typeof ClientId.Type

export const ConcertId = idShape.pipe(Schema.brand("ConcertId"), Schema.annotations({ identifier: "ConcertId" }))
export type ConcertId = typeof ConcertId.Type

export const PaymentId = idShape.pipe(Schema.brand("PaymentId"), Schema.annotations({ identifier: "PaymentId" }))
export type PaymentId = typeof PaymentId.Type

const storable = (text: string): boolean => !text.includes("\u0000") && !/\p{Surrogate}/u.test(text)

/** Why a booking was denied or cancelled: a text that every storage takes (no NUL, no half of a character). */
export const Reason = Schema.String.pipe(
  Schema.minLength(1),
  Schema.maxLength(500),
  Schema.filter(storable, { message: () => "must be well-formed text" }),
  Schema.annotations({ identifier: "Reason" })
)
