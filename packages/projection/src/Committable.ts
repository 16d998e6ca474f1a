/**
 * A journal's events as a stream of pages, each with the commit of its offset: for consumers that neither keep a view nor
 * handle events one by one. What is done with a page, and when it counts as done, is theirs.
 *
 * Guarantees: pages come in the order of their tag, and hold each event after the stored offset once. A commit is fenced and
 * goes from the offset before to the page's; what was not committed comes again in the next run. So the whole is at least
 * once, and an event's `id` is the key by which a repetition can be told.
 *
 * @since 0.1.0
 */
import {
  ConsumerId,
  type EntityEvent,
  type Journal,
  type JournalError,
  type Offset,
  OffsetStore,
  Process,
  ProcessContext,
  type Tagging
} from "@aecor/core"
import { Effect, Metric, Stream } from "effect"
import * as FailurePolicy from "./FailurePolicy.js"
import * as keptIn from "./internal/keptIn.js"
import { checkPageSize, counters, pagesOf } from "./internal/pages.js"
import type { Projection } from "./Projection.js"
import type { OffsetBeyondHead } from "./ProjectionError.js"

/**
 * A value with what makes it count: once it is committed, it does not come again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Committable<out A, out E = never, out R = never> {
  readonly value: A
  readonly commit: Effect.Effect<void, E, R>
}

/**
 * Why a commit of an offset fails: nothing was stored.
 *
 * @since 0.1.0
 * @category errors
 */
export type CommitError = ProcessContext.Fenced | OffsetStore.OffsetConflict | OffsetStore.OffsetStoreError

/**
 * A page of events, not empty. `step` is the commit of its offset, for a store that moves it in a transaction of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<E> extends Committable<ReadonlyArray<EntityEvent.EntityEvent<E>>, CommitError> {
  readonly step: OffsetStore.Commit
}

/**
 * The pages of one tag after the consumer's stored offset, for ever. Every page's `commit` makes those before it count as
 * well; one that comes after that of a later page does nothing. `pageSize` (1,000) is the most that a page holds.
 *
 * Throws a `RangeError` when `pageSize` is not a positive integer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const pages = <JS, E>(
  name: string,
  journal: Journal.Any<JS, E>,
  tag: Tagging.EventTag,
  options: { readonly pageSize?: number } = {}
): Stream.Stream<
  Page<E>,
  OffsetBeyondHead | JournalError.JournalError | OffsetStore.OffsetStoreError,
  JS | OffsetStore.OffsetStore | ProcessContext.ProcessContext
> => {
  const pageSize = checkPageSize(name, options.pageSize ?? 1000)
  return Stream.unwrap(
    Effect.gen(function* () {
      const consumer = ConsumerId.make(name, tag)
      const offsets = yield* OffsetStore.OffsetStore
      const fence = yield* ProcessContext.ProcessContext
      const counter = counters(name)
      const start = yield* offsets.get(consumer)
      let committed: Offset.Offset = start
      const turn = yield* Effect.makeSemaphore(1)
      const commitTo = (offset: Offset.Offset) =>
        turn.withPermits(1)(
          Effect.suspend(() =>
            offset <= committed
              ? Effect.void
              : Effect.map(offsets.commit({ consumer, fence, expected: committed, offset }), () => {
                  committed = offset
                })
          )
        )
      return Stream.mapAccum(pagesOf(yield* journal, consumer, start, pageSize), start, (expected, value) => {
        const offset = value.at(-1)?.position ?? expected
        const commit = Effect.zipRight(commitTo(offset), Metric.incrementBy(counter.events, value.length))
        return [offset, { value, commit, step: { consumer, fence, expected, offset } }]
      })
    })
  )
}

/**
 * A projection made of what is done with the pages: one process a tag. Its run ends with the stream, or with the stream's
 * error, and the host starts it again.
 *
 * A failure halts it: `FailurePolicy.quarantine` is refused by the compiler, and with a `RangeError`, since a page has no
 * single key to be set aside. What is to be passed over is passed over by `consume`, and noted where it can be found.
 *
 * @example
 * ```ts
 * const copy = Committable.consume("Copy", {
 *   journal: BookingJournal,
 *   consume: Stream.mapEffect((page) => Effect.zipRight(send(page.value), page.commit))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const consume = <JS, E, A, X, R>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly consume: (
      pages: Stream.Stream<
        Page<NoInfer<E>>,
        OffsetBeyondHead | JournalError.JournalError | OffsetStore.OffsetStoreError
      >
    ) => Stream.Stream<A, X, R>
    readonly onFailure?: FailurePolicy.Halt
    readonly pageSize?: number
  }
): Projection<
  JS | OffsetStore.OffsetStore | ProcessContext.ProcessContext | R,
  OffsetStore.OffsetStore,
  OffsetStore.OffsetStore
> => {
  const { journal, onFailure: { _tag: policy } = FailurePolicy.halt } = options
  // what a compiler has not seen
  if (policy !== "Halt")
    throw new RangeError(`projection ${name}: a page has no key to be set aside: its policy is to halt`)
  const each = journal.tagging.tags.map((tag) => pages(name, journal, tag, options))
  return {
    name,
    processes: each.map((stream) =>
      Effect.gen(function* () {
        const context = yield* Effect.context<JS | OffsetStore.OffsetStore | ProcessContext.ProcessContext | R>()
        const own = options.consume(Stream.provideContext(stream, context))
        return yield* Process.fromEffect(Stream.runDrain(Stream.provideContext(own, context)))
      })
    ),
    offsets: keptIn.offsetStore,
    // nothing is ever set aside: what a page means is the consumer's to know
    quarantine: {
      entries: Effect.flatMap(OffsetStore.OffsetStore, (store) => store.quarantined(name)),
      retry: () => Effect.succeed([])
    }
  }
}
