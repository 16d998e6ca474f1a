/** What both kinds of projection share: reading a tag by pages from a stored offset, and the counters. */
import { type ConsumerId, type EntityEvent, type Journal, type JournalError, Offset } from "@aecor/core"
import { Chunk, Effect, Metric, Stream } from "effect"
import { OffsetBeyondHead } from "../ProjectionError.js"
import * as traces from "./traces.js"

export type Page<E> = ReadonlyArray<EntityEvent.EntityEvent<E>>

/** How many events have been projected, and how often a row was found to lag behind its journal. */
export interface Counters {
  readonly events: Metric.Metric.Counter<number>
  readonly gaps: Metric.Metric.Counter<number>
}

export const counters = (projection: string): Counters => ({
  events: Metric.counter("aecor_projection_events", {
    description: "Events that projections have handled and committed",
    incremental: true
  }).pipe(Metric.tagged("projection", projection)),
  gaps: Metric.counter("aecor_projection_gaps", {
    description: "Rows that were found to lag behind their journal and had to be filled up",
    incremental: true
  }).pipe(Metric.tagged("projection", projection))
})

export const checkPageSize = (projection: string, pageSize: number): number => {
  if (Number.isInteger(pageSize) && pageSize > 0) return pageSize
  throw new RangeError(`projection ${projection}: pageSize must be a positive integer, got ${pageSize}`)
}

/** That an offset does not lie beyond the head of its tag. */
const notBeyond = <E>(journal: Journal.Journal<E>, consumer: ConsumerId.ConsumerId, after: Offset.Offset) =>
  after === Offset.beginning
    ? Effect.void
    : Effect.flatMap(journal.head(consumer.tag), (head) =>
        after > head ? new OffsetBeyondHead({ consumer, offset: after, head }) : Effect.void
      )

/**
 * Hands every page of a tag after an offset to a handler, one after the other, for ever. A page is what the journal
 * gave at once, cut where it is larger than `size`.
 */
export const runPages = <E, X, R>(
  journal: Journal.Journal<E>,
  consumer: ConsumerId.ConsumerId,
  after: Offset.Offset,
  size: number,
  handle: (page: Page<E>) => Effect.Effect<void, X, R>
): Effect.Effect<void, X | OffsetBeyondHead | JournalError.JournalError, R> =>
  Effect.zipRight(
    notBeyond(journal, consumer, after),
    Stream.runForEachChunk(journal.eventsByTag(consumer.tag, after), (chunk) =>
      Effect.forEach(
        cut(Chunk.toReadonlyArray(chunk), size),
        (page) => traces.ofPage(consumer.name, page)(Effect.suspend(() => handle(page))),
        { discard: true }
      )
    )
  )

/** The same pages as a stream, without the events that come again, one page a chunk. */
export const pagesOf = <E>(
  journal: Journal.Journal<E>,
  consumer: ConsumerId.ConsumerId,
  after: Offset.Offset,
  size: number
): Stream.Stream<Page<E>, OffsetBeyondHead | JournalError.JournalError> =>
  Stream.zipRight(Stream.fromEffect(notBeyond(journal, consumer, after)), Stream.empty).pipe(
    Stream.concat(
      Stream.mapAccum(Stream.chunks(journal.eventsByTag(consumer.tag, after)), after, (seen, chunk) => {
        const fresh = Chunk.toReadonlyArray(chunk).filter(({ position }) => position > seen)
        return [fresh.at(-1)?.position ?? seen, cut(fresh, size)]
      }).pipe(
        Stream.flatMap((cuts) => Stream.fromIterable(cuts)),
        Stream.rechunk(1)
      )
    )
  )

const cut = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))

/** The offset after a page; never behind the one before, should the page hold events that were seen already. */
export const offsetAfter = (page: Page<unknown>, before: Offset.Offset): Offset.Offset =>
  Math.max(before, page.at(-1)?.position ?? before)
