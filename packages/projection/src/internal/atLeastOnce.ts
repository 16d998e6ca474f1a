/**
 * One process of an at-least-once projection: the events of a page one after the other, then the offset. When it ends
 * within a page, by failure or shutdown, the offset of what has been handled is committed first. The offset of events that
 * are none of the projection's waits a while for one that is.
 */
import type {
  ConsumerId,
  EntityEvent,
  Journal,
  JournalError,
  OffsetStore,
  ProcessContext,
  Quarantine
} from "@aecor/core"
import { Cause, type Context, Duration, Effect, Either, Exit, identity, Metric, Option } from "effect"
import type { FailurePolicy } from "../FailurePolicy.js"
import type { EventFailed, OffsetBeyondHead } from "../ProjectionError.js"
import { eventFailed, failureOf, type SetAside } from "./fold.js"
import { counters, offsetAfter, type Page, runPages } from "./pages.js"
import * as traces from "./traces.js"
import { retryHandle } from "./retryHandle.js"
import * as Waiting from "./waiting.js"

type Event<E> = EntityEvent.EntityEvent<E>

/** Handles an event; whatever goes wrong in it is one error that names the event. */
export const handler =
  <E extends { readonly _tag: string }, X, R>(
    projection: string,
    handle: (event: Event<E>) => Effect.Effect<void, X, R>
  ) =>
  (event: Event<E>): Effect.Effect<void, EventFailed, R> =>
    Effect.catchAllCause(traces.ofEvent(projection, event)(Effect.suspend(() => handle(event))), (cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.failCause(Cause.stripFailures(cause))
        : Effect.fail(eventFailed(projection, event, Cause.squash(cause)))
    )

export const run = <E extends { readonly _tag: string }, X, R>(options: {
  readonly consumer: ConsumerId.ConsumerId
  readonly journal: Journal.Journal<E>
  readonly offsets: Context.Tag.Service<OffsetStore.OffsetStore>
  readonly fence: ProcessContext.Fence
  readonly concerns: (event: Event<E>) => boolean
  readonly handle: (event: Event<E>) => Effect.Effect<void, X, R>
  readonly policy: FailurePolicy
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
    const { concerns, consumer, fence, journal, offsets, pageSize, policy } = options
    const counter = counters(consumer.name)
    const setsAside = policy._tag === "Quarantine"
    const waiting = yield* Waiting.make({ consumer, policy, quarantined: offsets.quarantined })
    let offset = yield* offsets.get(consumer)
    /** Up to here there is nothing that has not been handled, or is none of this projection's. */
    let seen = offset
    const isPassing = yield* Effect.makeLatch(false)
    const step = yield* Effect.makeSemaphore(1)

    // one event at a time, also while a key is tried again
    const turn = yield* Effect.makeSemaphore(1)
    const handle = (event: Event<E>) => turn.withPermits(1)(handler(consumer.name, options.handle)(event))

    const handlePage = (page: Page<E>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          if (!page.some(concerns)) {
            seen = offsetAfter(page, Math.max(seen, offset))
            return yield* isPassing.open
          }
          const progress = beginning<E>()
          const all = handleAll({ page, progress, waiting, concerns, handle, setsAside })
          const exit = yield* Effect.exit(restore(all))
          const committed = yield* Effect.exit(commit(page, progress, restore))
          yield* Exit.zipRight(exit, committed)
        })
      )

    /** Stores how far the page is; events that were passed over for a key that has left are handled first. */
    const commit = Effect.fnUntraced(function* (page: Page<E>, progress: Progress<E>, restore: Restore) {
      while (true) {
        const done = page.slice(0, progress.done)
        const reached = offsetAfter(done, Math.max(seen, offset))
        const changes = yield* waiting.changes(progress)
        if (reached === offset && Option.isNone(changes)) break
        const next = { consumer, fence, expected: offset, offset: reached }
        if (Option.isNone(changes)) {
          yield* offsets.commit(next)
          offset = reached
          break
        }
        const before = yield* waiting.list
        const committed = yield* Effect.either(offsets.commit({ ...next, quarantine: changes.value }))
        if (Either.isRight(committed)) {
          yield* waiting.stored(changes.value)
          offset = reached
          break
        }
        if (committed.left._tag !== "OffsetConflict" || committed.left.actual !== offset) return yield* committed.left
        const left = yield* whoLeft(changes.value, before)
        if (left.size === 0) return yield* committed.left
        for (const [key, { last }] of left) {
          progress.passed.delete(key)
          for (const event of done) if (event.key === key && event.sequence <= last) progress.handled.add(event)
        }
        const again = { page: done, progress, waiting, concerns, handle, setsAside }
        yield* restore(handleAll(again))
      }
      yield* Metric.incrementBy(counter.events, progress.handled.size)
    })

    /** The keys that were passed over and have left the quarantine since, as they were there. */
    const whoLeft = ({ passed }: Quarantine.Changes, before: ReadonlyMap<string, Quarantine.Entry>) =>
      Effect.map(waiting.reload, (list) => new Map([...before].filter(([key]) => passed.has(key) && !list.has(key))))

    /** Stores the offset of what was passed, a while after it began: so many events, of others, cost one commit. */
    const passing = Effect.gen(function* () {
      yield* isPassing.await
      yield* Effect.sleep(passingTime)
      yield* isPassing.close
      yield* step.withPermits(1)(Effect.uninterruptible(commit([], beginning<E>(), identity)))
    })

    yield* Effect.raceFirst(
      runPages(journal, consumer, offset, pageSize, (page) => step.withPermits(1)(handlePage(page))),
      Effect.raceFirst(
        Effect.forever(passing),
        waiting.retrying(retryHandle({ journal, settle: offsets.settle, quarantined: offsets.quarantined, handle }))
      )
    )
  })

/** How long the offset of events that are none of the projection's may wait for one that is. */
const passingTime = Duration.seconds(1)

type Restore = <A, X, R>(effect: Effect.Effect<A, X, R>) => Effect.Effect<A, X, R>

/** How far a page is: its first events, of which some were handled, some failed, and some were passed over. */
interface Progress<E> {
  done: number
  readonly handled: Set<Event<E>>
  readonly entered: Map<string, SetAside<EventFailed>>
  readonly passed: Map<string, number>
}

const beginning = <E>(): Progress<E> => ({ done: 0, handled: new Set(), entered: new Map(), passed: new Map() })

/** Handles what of the page has not been yet and concerns the projection; an event whose key waits is passed over. */
const handleAll = <E extends { readonly _tag: string }, R>(options: {
  readonly page: Page<E>
  readonly progress: Progress<E>
  readonly waiting: Pick<Waiting.Waiting<never>, "list">
  readonly concerns: (event: Event<E>) => boolean
  readonly handle: (event: Event<E>) => Effect.Effect<void, EventFailed, R>
  readonly setsAside: boolean
}): Effect.Effect<void, EventFailed, R> => {
  const { concerns, handle, page, progress, setsAside, waiting } = options
  const { entered, handled, passed } = progress
  const one = Effect.fnUntraced(function* (event: Event<E>) {
    const { key, sequence } = event
    const aside = entered.get(key)
    if (handled.has(event) || !concerns(event)) return
    if (aside !== undefined) return void entered.set(key, { ...aside, last: Math.max(sequence, aside.last) })
    if ((yield* waiting.list).has(key)) return void passed.set(key, Math.max(sequence, passed.get(key) ?? 0))
    const outcome = yield* Effect.either(handle(event))
    if (Either.isRight(outcome)) return void handled.add(event)
    if (!setsAside) return yield* outcome.left
    entered.set(key, { error: outcome.left, failure: failureOf(event, outcome.left), last: sequence })
  })
  return Effect.forEach(
    page,
    (event, i) => Effect.map(one(event), () => void (progress.done = Math.max(progress.done, i + 1))),
    { discard: true }
  )
}
