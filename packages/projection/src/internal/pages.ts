/** What both kinds of projection share: reading a tag by pages from a stored offset, and the counters. */
import { type ConsumerId, type EntityEvent, type Journal, type JournalError, Offset } from "@aecor/core"
import { Chunk, Effect, Metric, Stream } from "effect"
import { OffsetBeyondHead } from "../ProjectionError.js"

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
  Effect.gen(function* () {
    if (after !== Offset.beginning) {
      const head = yield* journal.head(consumer.tag)
      if (after > head) return yield* new OffsetBeyondHead({ consumer, offset: after, head })
    }
    yield* Stream.runForEachChunk(journal.eventsByTag(consumer.tag, after), (chunk) =>
      Effect.forEach(cut(Chunk.toReadonlyArray(chunk), size), handle, { discard: true })
    )
  })

const cut = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))

/** The offset after a page; never behind the one before, should the page hold events that were seen already. */
export const offsetAfter = (page: Page<unknown>, before: Offset.Offset): Offset.Offset =>
  Math.max(before, page.at(-1)?.position ?? before)
