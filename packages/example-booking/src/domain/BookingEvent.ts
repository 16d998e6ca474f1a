/**
 * What can happen to a booking.
 *
 * STORAGE FORMAT. The journal holds these names and fields for ever: never rename or remove one, never give one another
 * meaning. A new field is optional; any other new shape is a new version or a new event, with an upcast from the old
 * shape in `BookingJournal` (docs/evolution.md). The golden JSON in the tests is what old journals contain. Time is the
 * journal's: it stands beside the event.
 */
import { Option, Schema } from "effect"
import { ClientId, ConcertId, PaymentId } from "./Ids.js"
import { Seats } from "./Seat.js"
import { Tickets } from "./Ticket.js"

/** The moment after which a confirmed booking may expire; a booking without one never does. Absent in JSON when none. */
export const ExpiresAt = Schema.optionalWith(Schema.DateTimeUtc, { as: "Option", exact: true }).pipe(
  Schema.withConstructorDefault(() => Option.none())
)

export class BookingPlaced extends Schema.TaggedClass<BookingPlaced>()("BookingPlaced", {
  clientId: ClientId,
  concertId: ConcertId,
  seats: Seats
}) {}

export class BookingConfirmed extends Schema.TaggedClass<BookingConfirmed>()("BookingConfirmed", {
  tickets: Tickets,
  expiresAt: ExpiresAt
}) {}

export class BookingDenied extends Schema.TaggedClass<BookingDenied>()("BookingDenied", {
  reason: Schema.String
}) {}

export class BookingCancelled extends Schema.TaggedClass<BookingCancelled>()("BookingCancelled", {
  reason: Schema.String
}) {}

export class BookingExpired extends Schema.TaggedClass<BookingExpired>()("BookingExpired", {}) {}

export class BookingPaid extends Schema.TaggedClass<BookingPaid>()("BookingPaid", {
  paymentId: PaymentId
}) {}

export class BookingSettled extends Schema.TaggedClass<BookingSettled>()("BookingSettled", {}) {}

export const BookingEvent = Schema.Union(
  BookingPlaced,
  BookingConfirmed,
  BookingDenied,
  BookingCancelled,
  BookingExpired,
  BookingPaid,
  BookingSettled
)
export type BookingEvent = typeof BookingEvent.Type
