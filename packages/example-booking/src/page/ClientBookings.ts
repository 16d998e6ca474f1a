/**
 * A client's bookings, live: what the view says of them, and again whenever it says something else.
 *
 * The journal tells that something has happened; then the view is waited for, so what is shown is what any query would
 * answer. Which bookings are the client's is also the view's to say, of those that were placed before anybody listened;
 * it may be behind, as after the death of a node, so it is looked at now and then in any case.
 */
import { Chunk, Effect, Schedule, Schema, Stream } from "effect"
import type { ClientId } from "../domain/Ids.js"
import { BookingRow } from "../view/BookingRow.js"
import { Bookings } from "../view/Bookings.js"
import { BookingTail, type Happened } from "./BookingTail.js"
import { encode } from "./LiveAnswer.js"

/** How long the view is waited for at a time. It is waited for again: its process may be moving to another node. */
const patience = "5 seconds"

/** How often the view is looked at where nothing tells of a change. */
const interval = "5 seconds"

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
      return JSON.stringify(yield* encodeRows(rows))
    })
    const seen = ({ key, sequence }: Happened) =>
      Effect.retry(view.awaitReceipt({ key, sequence }, patience), { while: ({ _tag }) => _tag === "ReceiptTimeout" })

    const changes = happened.pipe(
      Stream.filter(isOwn),
      // what comes while the view is waited for is looked at together
      Stream.buffer({ capacity: "unbounded" }),
      Stream.chunks,
      Stream.filter(Chunk.isNonEmpty),
      Stream.mapEffect((events) => Effect.forEach(events, seen, { concurrency: "unbounded", discard: true }))
    )
    const now = Stream.repeatEffectWithSchedule(Effect.void, Schedule.spaced(interval))
    // one look after the other, or an older one might be told last
    return Stream.merge(now, changes, { haltStrategy: "right" }).pipe(
      Stream.mapEffect(() => look),
      Stream.changes,
      Stream.map((rows) => encode("bookings", JSON.parse(rows)))
    )
  }).pipe(Stream.unwrapScoped)
