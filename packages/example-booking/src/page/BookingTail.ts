/**
 * What happens to bookings, as it happens: one reader of the journal for all pages of this node, while there are any.
 *
 * Whoever subscribes hears of everything that is stored from then on, in the order of each booking. A subscription ends
 * when the journal cannot be read any more; the next one begins anew. Subscribers must not be slow: what they have not
 * taken is kept for them.
 */
import type { EntityEvent, JournalError } from "@aecor/core"
import { Context, Effect, Layer, PubSub, RcRef, type Scope, Stream } from "effect"
import { BookingJournal } from "../domain/Booking.js"
import type { BookingEvent } from "../domain/BookingEvent.js"

export type Happened = EntityEvent.EntityEvent<BookingEvent>

export class BookingTail extends Context.Tag("example-booking/page/BookingTail")<
  BookingTail,
  {
    /** Has subscribed when it is there. */
    readonly subscribe: Effect.Effect<Stream.Stream<Happened>, JournalError.JournalError, Scope.Scope>
  }
>() {}

const { tags } = BookingJournal.tagging

const follow = Effect.gen(function* () {
  const journal = yield* BookingJournal
  const heads = yield* Effect.forEach(tags, journal.head, { concurrency: 4 })
  const happened = yield* Effect.acquireRelease(PubSub.unbounded<Happened>(), PubSub.shutdown)
  const events = Stream.mergeAll(
    tags.map((tag, i) => journal.eventsByTag(tag, heads[i] ?? 0)),
    { concurrency: "unbounded" }
  )
  yield* Stream.runForEachChunk(events, (chunk) => PubSub.publishAll(happened, chunk)).pipe(
    Effect.catchAllCause((cause) => Effect.logWarning("the journal cannot be followed for the pages", cause)),
    Effect.ensuring(PubSub.shutdown(happened)),
    Effect.withTracerEnabled(false),
    Effect.forkScoped
  )
  return happened
})

export const layer: Layer.Layer<BookingTail, never, BookingJournal> = Layer.scoped(
  BookingTail,
  Effect.gen(function* () {
    const context = yield* Effect.context<BookingJournal>()
    const shared = yield* RcRef.make({ acquire: Effect.provide(follow, context) })
    return {
      subscribe: Effect.flatMap(RcRef.get(shared), (happened) => Stream.fromPubSub(happened, { scoped: true }))
    }
  })
)
