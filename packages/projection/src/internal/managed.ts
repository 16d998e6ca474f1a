/**
 * One process of a manager with rows: a page is one load of the rows concerned and the reactions one after the other.
 *
 * What commands came to is committed, rows and offset together, before the next event's are sent: an entity keeps the
 * answers of the last event of a source alone for ever. It is committed as well before what follows from an outcome is
 * sent, at the end of a page, and when the process ends within one.
 */
import {
  type ConsumerId,
  type EntityEvent,
  type EventSourced,
  type Journal,
  type JournalError,
  type Offset,
  ProcessContext
} from "@aecor/core"
import { Cause, Effect, Exit, Metric, Option } from "effect"
import { type EventFailed, GapNotHealed, type OffsetBeyondHead } from "../ProjectionError.js"
import type { Outcome, Reaction, Row } from "../Reaction.js"
import { CommitConflict, type Versioned, type ViewStore, ViewStoreError } from "../View.js"
import { eventFailed } from "./fold.js"
import { counters, type Page, runPages } from "./pages.js"
import * as Sending from "./sending.js"

/** What a manager decides, and how it sends. */
interface Manager<S, C, E, A, X, R> {
  readonly react: (state: Option.Option<S>, event: EntityEvent.EntityEvent<E>) => Reaction<S, C>
  readonly send: (command: C, options: EventSourced.SendOptions) => Effect.Effect<A, X, R>
  readonly settle: (state: S, command: C, outcome: Outcome<A, X>) => Reaction<S, C>
}

export const run = <S, C, E extends { readonly _tag: string }, A, X, R>(options: {
  readonly consumer: ConsumerId.ConsumerId
  readonly fence: ProcessContext.Fence
  readonly pageSize: number
  readonly journal: Journal.Journal<E>
  readonly store: ViewStore<Row<S, C>>
  readonly view: string
  readonly manager: Manager<S, C, E, A, X, R>
}): Effect.Effect<
  void,
  | EventFailed
  | GapNotHealed
  | OffsetBeyondHead
  | CommitConflict
  | ViewStoreError
  | ProcessContext.Fenced
  | JournalError.JournalError,
  R
> =>
  Effect.gen(function* () {
    const { consumer, fence, journal, manager, pageSize, store, view } = options
    const counter = counters(consumer.name)
    let { offset } = yield* store.load(consumer, [])

    const handle = Effect.fnUntraced(function* (page: Page<E>) {
      const loaded = yield* store.load(consumer, [...new Set(page.map(({ key }) => key))])
      if (loaded.offset !== offset) return yield* new CommitConflict({ view, consumer, expected: offset })
      const stored = new Map(loaded.rows)
      const changed = new Map<string, Versioned<Row<S, C>>>()
      let reached = offset
      let handled = 0
      /** The event whose commands have been sent, and are not committed yet. */
      let sent: Offset.Offset | undefined

      const rowOf = (key: string) => Option.fromNullable((changed.get(key) ?? stored.get(key))?.view)
      const put = (key: string, row: Row<S, C>) =>
        void changed.set(key, { version: (stored.get(key)?.version ?? 0) + 1, view: row })
      const commit = Effect.uninterruptible(
        Effect.gen(function* () {
          if (changed.size === 0 && reached === offset) return
          yield* store.commit({ consumer, fence, expected: offset, offset: reached, rows: new Map(changed) })
          offset = reached
          for (const [key, row] of changed) stored.set(key, row)
          changed.clear()
          sent = undefined
          yield* Metric.incrementBy(counter.events, handled)
          handled = 0
        })
      )

      /** Sends what is pending, and what follows from it; what follows is stored before it is sent. */
      const sendAll = Effect.fnUntraced(function* (event: EntityEvent.EntityEvent<E>, begun: Row<S, C>) {
        const sending = Sending.because(consumer, event)
        let row = begun
        for (let [command] = row.pending; command !== undefined; [command] = row.pending) {
          const next = command
          if (sent !== undefined && sent !== event.position) yield* commit
          sent = event.position
          const outcome = yield* sending(String(row.sent), (once) => manager.send(next, once))
          const { commands, state } = manager.settle(row.state, command, outcome)
          row = { ...row, state, pending: [...row.pending.slice(1), ...commands], sent: row.sent + 1 }
          if (commands.length > 0) {
            put(event.key, row)
            yield* commit
          }
        }
        return row
      })

      const reactTo = Effect.fnUntraced(function* (event: EntityEvent.EntityEvent<E>) {
        const { key, position, sequence } = event
        const before = rowOf(key)
        const last = Option.match(before, { onNone: () => sequence - 1, onSome: (row) => row.sequence })
        if (sequence > last + 1) {
          const missing = last + 1
          return yield* new GapNotHealed({ projection: consumer.name, key, position, missing, found: sequence })
        }
        if (sequence > last) {
          const { commands, state } = manager.react(
            Option.map(before, (row) => row.state),
            event
          )
          put(key, yield* sendAll(event, { state, pending: commands, sequence, sent: 0 }))
        } else if (sequence === last && Option.exists(before, ({ pending }) => pending.length > 0)) {
          put(key, yield* sendAll(event, Option.getOrThrow(before)))
        }
        reached = Math.max(reached, position)
        handled += 1
      })

      /** Whatever goes wrong about an event names it; what goes wrong with the storage does so itself. */
      const named = (event: EntityEvent.EntityEvent<E>) =>
        Effect.catchAllCause(reactTo(event), (cause) => {
          if (Cause.isInterruptedOnly(cause)) return Effect.failCause(Cause.stripFailures(cause))
          const error = Cause.squash(cause)
          return Effect.fail(isStorage(error) ? error : eventFailed(consumer.name, event, error))
        })

      yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const exit = yield* Effect.exit(restore(Effect.forEach(page, named, { discard: true })))
          const committed = yield* Effect.exit(commit)
          yield* Exit.zipRight(exit, committed)
        })
      )
    })

    yield* runPages(journal, consumer, offset, pageSize, handle)
  })

type StorageError = CommitConflict | ViewStoreError | ProcessContext.Fenced | GapNotHealed

const isStorage = (error: unknown): error is StorageError =>
  [CommitConflict, ViewStoreError, ProcessContext.Fenced, GapNotHealed].some((kind) => error instanceof kind)
