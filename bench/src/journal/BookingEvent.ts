/** What is written and read: typical events of a booking, some 300 bytes of JSON each, the same for all competitors. */
import { DateTime, Schema } from "effect"

const Seat = Schema.Struct({ row: Schema.String, number: Schema.Int })
const Money = Schema.Struct({ cents: Schema.Int, currency: Schema.Literal("EUR", "USD") })

export class BookingPlaced extends Schema.TaggedClass<BookingPlaced>()("BookingPlaced", {
  clientId: Schema.String,
  concertId: Schema.String,
  seats: Schema.Array(Seat),
  placedVia: Schema.String
}) {}

export class BookingConfirmed extends Schema.TaggedClass<BookingConfirmed>()("BookingConfirmed", {
  tickets: Schema.Array(Schema.Struct({ seat: Seat, price: Money })),
  expiresAt: Schema.DateTimeUtc
}) {}

export class BookingPaid extends Schema.TaggedClass<BookingPaid>()("BookingPaid", { paymentId: Schema.String }) {}

export const BookingEvent = Schema.Union(BookingPlaced, BookingConfirmed, BookingPaid)
export type BookingEvent = typeof BookingEvent.Type

const uuid = (n: number): string => `018f4c2e-7d1a-7c3b-9e5f-${n.toString(16).padStart(12, "0")}`
const seat = (n: number) => ({ row: String.fromCharCode(65 + (n % 26)), number: 1 + (n % 40) })

const event = (n: number): BookingEvent =>
  n % 2 === 0
    ? new BookingPlaced({
        clientId: uuid(n),
        concertId: uuid(n % 50),
        seats: [seat(n), seat(n + 1), seat(n + 2), seat(n + 3)],
        placedVia: `web shop, session ${uuid(n * 7)}`
      })
    : new BookingConfirmed({
        tickets: [0, 1, 2].map((i) => ({ seat: seat(n + i), price: { cents: 4500 + (n % 50) * 10, currency: "EUR" } })),
        expiresAt: DateTime.unsafeMake(Date.UTC(2030, 0, 1) + n * 1000)
      })

/** Made before the clock runs: nobody's figures hold the making of events. Encoding them is everybody's own. */
export const events: ReadonlyArray<BookingEvent> = Array.from({ length: 1000 }, (_, n) => event(n))

/** The same events as the JSON values that the journal stores, for those who have no schema. */
export const plain = events.map((one) => Schema.encodeSync(BookingEvent)(one))

/** Each append carries this. */
export const metadata = { "bench.command": uuid(1), correlation: uuid(2), actor: "client-42" }
