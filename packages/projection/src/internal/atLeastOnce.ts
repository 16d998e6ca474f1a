/**
 * One process of an at-least-once projection: the events of a page one after the other, then the offset. When it ends
 * within a page, by failure or shutdown, the offset of what has been handled is committed first.
 */
import type { ConsumerId, EntityEvent, Journal, JournalError, OffsetStore, ProcessContext } from "@aecor/core"
import { Cause, type Context, Effect, Exit, Metric } from "effect"
import type { EventFailed, OffsetBeyondHead } from "../ProjectionError.js"
import { eventFailed } from "./fold.js"
import { counters, offsetAfter, type Page, runPages } from "./pages.js"

export const run = <E extends { readonly _tag: string }, X, R>(options: {
  readonly consumer: ConsumerId.ConsumerId
  readonly journal: Journal.Journal<E>
  readonly offsets: Context.Tag.Service<OffsetStore.OffsetStore>
  readonly fence: ProcessContext.Fence
  readonly handle: (event: EntityEvent.EntityEvent<E>) => Effect.Effect<void, X, R>
  readonly pageSize: number
}): Effect.Effect<
  void,
  | EventFailed
  | OffsetBeyondHead
  | OffsetStore.OffsetConflict
  | OffsetStore.OffsetStoreError
  | ProcessContext.Fenced
  | JournalError.JournalError,
  R
> =>
  Effect.gen(function* () {
    const { consumer, fence, journal, offsets, pageSize } = options
    const counter = counters(consumer.name)
    let offset = yield* offsets.get(consumer)

    const handleEvent = (event: EntityEvent.EntityEvent<E>) =>
      Effect.catchAllCause(
        Effect.suspend(() => options.handle(event)),
        (cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.failCause(Cause.stripFailures(cause))
            : Effect.fail(eventFailed(consumer.name, event, Cause.squash(cause)))
      )

    const commit = Effect.fnUntraced(function* (handled: Page<E>) {
      const reached = offsetAfter(handled, offset)
      if (reached > offset) yield* offsets.commit({ consumer, fence, expected: offset, offset: reached })
      offset = reached
      yield* Metric.incrementBy(counter.events, handled.length)
    })

    const handle = (page: Page<E>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          let handled = 0
          const all = Effect.forEach(page, (event) => Effect.map(handleEvent(event), () => void (handled += 1)), {
            discard: true
          })
          const exit = yield* Effect.exit(restore(all))
          const committed = yield* Effect.exit(commit(page.slice(0, handled)))
          yield* Exit.zipRight(exit, committed)
        })
      )

    yield* runPages(journal, consumer, offset, pageSize, handle)
  })
