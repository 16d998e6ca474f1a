/**
 * One process of an exactly-once projection: a page is one load of the rows concerned, a fold in memory, one commit of
 * rows and offset. Whatever goes wrong ends it; the next run begins at the stored offset.
 */
import type { ConsumerId, EntityEvent, Journal, JournalError, ProcessContext } from "@aecor/core"
import { Chunk, Effect, Metric, Stream } from "effect"
import { type EventFailed, GapNotHealed, type OffsetBeyondHead } from "../ProjectionError.js"
import { CommitConflict, type ViewStore, type ViewStoreError } from "../View.js"
import { fill, foldPage, type Gap, gapsIn, type Project } from "./fold.js"
import { counters, offsetAfter, type Page, runPages } from "./pages.js"

export const run = <V, E extends { readonly _tag: string }>(options: {
  readonly consumer: ConsumerId.ConsumerId
  readonly view: string
  readonly journal: Journal.Journal<E>
  readonly store: ViewStore<V>
  readonly fence: ProcessContext.Fence
  readonly project: Project<V, E>
  readonly pageSize: number
}): Effect.Effect<
  void,
  | EventFailed
  | GapNotHealed
  | OffsetBeyondHead
  | CommitConflict
  | ViewStoreError
  | ProcessContext.Fenced
  | JournalError.JournalError
> =>
  Effect.gen(function* () {
    const { consumer, fence, journal, pageSize, project, store, view } = options
    const projection = consumer.name
    const counter = counters(projection)
    let { offset } = yield* store.load(consumer, [])

    /** The events of a gap, complete and in order, or an error that names the first one missing. */
    const read = Effect.fnUntraced(function* ({ from, index, key, to }: Gap, page: Page<E>) {
      const position = page[index]?.position ?? offset
      yield* Effect.logWarning(
        `projection ${projection}: key ${JSON.stringify(key)} is at version ${from - 1} and event ${to + 1} came ` +
          `(position ${position}); the events between are read from the journal`
      )
      const length = to - from + 1
      const found = yield* Stream.runCollect(Stream.take(journal.read(key, from), length))
      const missing = firstMissing(found, from, to)
      if (missing <= to) return yield* new GapNotHealed({ projection, key, position, missing, found: to + 1 })
      return [index, Chunk.toReadonlyArray(found)] as const
    })

    const heal = Effect.fnUntraced(function* (page: Page<E>, gaps: ReadonlyArray<Gap>) {
      yield* Metric.incrementBy(counter.gaps, gaps.length)
      return fill(page, new Map(yield* Effect.forEach(gaps, (gap) => read(gap, page))))
    })

    const handle = Effect.fnUntraced(function* (page: Page<E>) {
      const loaded = yield* store.load(consumer, [...new Set(page.map((event) => event.key))])
      if (loaded.offset !== offset) return yield* new CommitConflict({ view, consumer, expected: offset })
      const gaps = gapsIn(page, loaded.rows)
      const whole = gaps.length === 0 ? page : yield* heal(page, gaps)
      const folded = yield* foldPage(projection, project, whole, loaded.rows)
      const reached = offsetAfter(page, offset)
      if (reached === offset && folded.rows.size === 0) return
      yield* store.commit({ consumer, fence, expected: offset, offset: reached, rows: folded.rows })
      offset = reached
      yield* Metric.incrementBy(counter.events, folded.events)
    })

    yield* runPages(journal, consumer, offset, pageSize, handle)
  })

/** The first sequence of `from` to `to` that is not in its place among the events; `to + 1` when all are. */
const firstMissing = (events: Iterable<EntityEvent.EntityEvent<unknown>>, from: number, to: number): number => {
  let next = from
  for (const { sequence } of events) {
    if (sequence !== next || next > to) break
    next += 1
  }
  return next
}
