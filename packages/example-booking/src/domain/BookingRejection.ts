/**
 * Why a command is refused. Each reaches the caller by its own name, through the cluster and over HTTP.
 */
import { Schema } from "effect"
import { PaymentId } from "./Ids.js"
import { Seats } from "./Seat.js"

/** Another booking has this id. */
export class BookingAlreadyExists extends Schema.TaggedError<BookingAlreadyExists>()("BookingAlreadyExists", {}) {
  override get message(): string {
    return "another booking has this id"
  }
}

/** No booking was ever placed under this id. */
export class BookingNotFound extends Schema.TaggedError<BookingNotFound>()("BookingNotFound", {}) {
  override get message(): string {
    return "there is no such booking"
  }
}

export class TooManySeats extends Schema.TaggedError<TooManySeats>()("TooManySeats", {
  requested: Schema.Int,
  maximum: Schema.Int
}) {
  override get message(): string {
    return `${this.requested} seats are more than the ${this.maximum} of one booking`
  }
}

/** The seats that were asked for more than once. */
export class DuplicateSeats extends Schema.TaggedError<DuplicateSeats>()("DuplicateSeats", {
  seats: Seats
}) {
  override get message(): string {
    return "a seat was asked for more than once"
  }
}

export class BookingIsNotConfirmed extends Schema.TaggedError<BookingIsNotConfirmed>()("BookingIsNotConfirmed", {}) {
  override get message(): string {
    return "the booking is not confirmed yet"
  }
}

export class BookingIsAlreadyCanceled extends Schema.TaggedError<BookingIsAlreadyCanceled>()(
  "BookingIsAlreadyCanceled",
  { reason: Schema.String }
) {
  override get message(): string {
    return `the booking was cancelled: ${this.reason}`
  }
}

export class BookingIsAlreadyConfirmed extends Schema.TaggedError<BookingIsAlreadyConfirmed>()(
  "BookingIsAlreadyConfirmed",
  {}
) {
  override get message(): string {
    return "the booking is confirmed"
  }
}

/** `paymentId` is the payment that settled the booking; a booking that was free has none. */
export class BookingIsAlreadySettled extends Schema.TaggedError<BookingIsAlreadySettled>()("BookingIsAlreadySettled", {
  paymentId: Schema.optionalWith(PaymentId, { as: "Option", exact: true })
}) {
  override get message(): string {
    return "the booking is settled"
  }
}

export class BookingIsDenied extends Schema.TaggedError<BookingIsDenied>()("BookingIsDenied", {
  reason: Schema.String
}) {
  override get message(): string {
    return `the booking was denied: ${this.reason}`
  }
}

export class BookingIsExpired extends Schema.TaggedError<BookingIsExpired>()("BookingIsExpired", {
  expiresAt: Schema.optionalWith(Schema.DateTimeUtc, { as: "Option", exact: true })
}) {
  override get message(): string {
    return "the booking has expired"
  }
}

/** `expiresAt` is the moment to wait for; a booking without one never expires. */
export class TooEarlyToExpire extends Schema.TaggedError<TooEarlyToExpire>()("TooEarlyToExpire", {
  expiresAt: Schema.optionalWith(Schema.DateTimeUtc, { as: "Option", exact: true })
}) {
  override get message(): string {
    return "the booking does not expire yet"
  }
}
