/**
 * A client's bookings, live: what the view says of them, and again whenever it says something else.
 *
 * The journal tells that something has happened; then the view is waited for, so what is shown is what any query would
 * answer.
 */
import { Chunk, Effect, Schema, Stream } from "effect"
import type { ClientId } from "../domain/Ids.js"
import { BookingRow } from "../view/BookingRow.js"
import { Bookings } from "../view/Bookings.js"
import { BookingTail, type Happened } from "./BookingTail.js"
import { encode } from "./LiveAnswer.js"

/** How long the view is waited for at a time. It is waited for again: its process may be moving to another node. */
const patience = "5 seconds"

const encodeRows = Schema.encode(Schema.Array(BookingRow))

export const of = (clientId: ClientId) =>
  Effect.gen(function* () {
    const tail = yield* BookingTail
    const view = yield* Bookings
    // first listen, then look: nothing falls between
    const happened = yield* tail.subscribe
    const own = new Set<string>()
    const isOwn = ({ event, key }: Happened) => {
      if (event._tag === "BookingPlaced" && event.clientId === clientId) own.add(key)
      return own.has(key)
    }
    const look = Effect.gen(function* () {
      const rows = yield* view.find({ clientId })
      for (const { bookingId } of rows) own.add(bookingId)
      return encode("bookings", yield* encodeRows(rows))
    })
    const seen = ({ key, sequence }: Happened) =>
      Effect.retry(view.awaitReceipt({ key, sequence }, patience), { while: ({ _tag }) => _tag === "ReceiptTimeout" })

    const changes = happened.pipe(
      Stream.filter(isOwn),
      // what comes while the view is waited for is looked at together
      Stream.buffer({ capacity: "unbounded" }),
      Stream.chunks,
      Stream.filter(Chunk.isNonEmpty),
      Stream.mapEffect((events) =>
        Effect.zipRight(Effect.forEach(events, seen, { concurrency: "unbounded", discard: true }), look)
      )
    )
    return Stream.concat(Stream.fromEffect(look), changes)
  }).pipe(Stream.unwrapScoped)
