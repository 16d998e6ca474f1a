/**
 * What reacts to a journal's events: one process a tag, to be handed to `DistributedProcessing`. The constructor's name
 * is the delivery guarantee.
 *
 * `exactlyOnce` folds events into a view; view and offset are committed together, under the process's fence, so whatever
 * crashes or is taken over, a row is the fold of its key's events, each once. `atLeastOnce` runs a handler with effects
 * of its own; it may meet an event again, and the event's `id` is the key by which it can tell.
 *
 * A process keeps the order of its tag. It ends with an error when an event cannot be projected, when its commit is
 * refused, or when a store does not answer; the host starts it again, and it goes on from the stored offset. Nothing is
 * ever passed over.
 *
 * Counted: `aecor_projection_events` and `aecor_projection_gaps`, by `projection`.
 *
 * @since 0.1.0
 */
import {
  ConsumerId,
  type EntityEvent,
  type Journal,
  type Offset,
  OffsetStore,
  Process,
  ProcessContext,
  type Tagging
} from "@aecor/core"
import { type Context, Effect, type Option, type Scope } from "effect"
import * as AtLeastOnce from "./internal/atLeastOnce.js"
import * as ExactlyOnce from "./internal/exactlyOnce.js"
import { checkPageSize } from "./internal/pages.js"
import type * as ViewStore from "./ViewStore.js"

export * from "./ProjectionError.js"

/**
 * A name and the processes to deploy under it, one for each tag of the journal, in the order of the tags.
 *
 * @example
 * ```ts
 * DistributedProcessing.deploy(bookingsView.name, bookingsView.processes)
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface Projection<out R, out S = unknown> {
  readonly name: string
  readonly processes: ReadonlyArray<Process.Process<never, R>>
  /** Where it keeps its offsets: for `Repartition`, which moves them. */
  readonly offsets: Offsets<S>
}

/**
 * A projection that keeps a view, with what the view is made of: all that it takes to fold it anew.
 *
 * @since 0.1.0
 * @category models
 */
export interface ViewProjection<JS, E, VS, V> extends Projection<JS | VS | ProcessContext.ProcessContext, VS> {
  readonly journal: Journal.Any<JS, E>
  readonly view: ViewStore.Any<VS, V>
  readonly project: Project<V, E>
}

/**
 * What an event makes of the row of its key.
 *
 * @since 0.1.0
 * @category models
 */
export type Project<V, E> = (view: Option.Option<V>, event: EntityEvent.EntityEvent<E>) => V

/**
 * A projection's offsets, wherever it keeps them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Offsets<out S> {
  readonly get: (
    consumer: ConsumerId.ConsumerId
  ) => Effect.Effect<Offset.Offset, ViewStore.ViewStoreError | OffsetStore.OffsetStoreError, S>
  readonly move: (
    commit: OffsetStore.Commit
  ) => Effect.Effect<
    void,
    | ProcessContext.Fenced
    | ViewStore.CommitConflict
    | ViewStore.ViewStoreError
    | OffsetStore.OffsetConflict
    | OffsetStore.OffsetStoreError,
    S
  >
}

/**
 * A projection that keeps a view: a pure fold from a key's events to its row.
 *
 * `project` gets the row of the event's key, none for its first event, and gives the next one. Where an event cannot
 * follow the row it throws (`Fold.impossible`), and the process ends with an `EventFailed` that names the event.
 *
 * A row that lags behind its journal, because it was restored or edited, is filled up from the journal by key before the
 * next event is folded: counted, and logged as a warning. `pageSize` (1,000 by default) bounds how many events make one
 * commit. The offset is kept with the view, under the projection's name and the tag.
 *
 * Throws a `RangeError` when `pageSize` is not a positive integer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exactlyOnce = <JS, E extends { readonly _tag: string }, VS, V>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly view: ViewStore.Any<VS, V>
    readonly project: (view: Option.Option<NoInfer<V>>, event: EntityEvent.EntityEvent<NoInfer<E>>) => NoInfer<V>
    readonly pageSize?: number
  }
): ViewProjection<JS, E, VS, V> => {
  const pageSize = checkPageSize(name, options.pageSize ?? 1000)
  const { journal, project, view } = options
  const offsets: Offsets<VS> = {
    get: (consumer) => Effect.flatMap(view, (store) => Effect.map(store.load(consumer, []), ({ offset }) => offset)),
    move: (commit) => Effect.flatMap(view, (store) => store.commit({ ...commit, rows: new Map() }))
  }
  const processes = perTag(name, journal, offsets, (consumer) =>
    Effect.gen(function* () {
      const events = yield* journal
      const store = yield* view
      const fence = yield* ProcessContext.ProcessContext
      return yield* Process.fromEffect(
        ExactlyOnce.run<V, E>({ consumer, view: view.label, journal: events, store, fence, project, pageSize })
      )
    })
  )
  return { ...processes, journal, view, project }
}

/**
 * A projection with effects: a handler for each event, in order, one at a time.
 *
 * The offset is committed after at most `pageSize` events (100 by default), and after the last handled one when the
 * process ends; what was handled since is handled again after a crash, or by a new copy while an old one still runs. A
 * handler that fails or dies ends the process with an `EventFailed` that names the event, which is tried again after the
 * host's backoff; events behind it wait. What a handler acquires in its scope is released after the event.
 *
 * Throws a `RangeError` when `pageSize` is not a positive integer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atLeastOnce = <JS, E extends { readonly _tag: string }, X, R>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly handle: (event: EntityEvent.EntityEvent<NoInfer<E>>) => Effect.Effect<void, X, R>
    readonly pageSize?: number
  }
): Projection<
  JS | OffsetStore.OffsetStore | ProcessContext.ProcessContext | Exclude<R, Scope.Scope>,
  OffsetStore.OffsetStore
> => {
  const pageSize = checkPageSize(name, options.pageSize ?? 100)
  const kept: Offsets<OffsetStore.OffsetStore> = {
    get: (consumer) => Effect.flatMap(OffsetStore.OffsetStore, (store) => store.get(consumer)),
    move: (commit) => Effect.flatMap(OffsetStore.OffsetStore, (store) => store.commit(commit))
  }
  return perTag(name, options.journal, kept, (consumer) =>
    Effect.gen(function* () {
      const journal = yield* options.journal
      const offsets = yield* OffsetStore.OffsetStore
      const fence = yield* ProcessContext.ProcessContext
      const context = yield* Effect.context<Exclude<R, Scope.Scope>>()
      const handle = (event: EntityEvent.EntityEvent<E>) => Effect.scoped(options.handle(event))
      const process = AtLeastOnce.run({ consumer, journal, offsets, fence, handle, pageSize })
      return yield* Process.fromEffect(Effect.mapInputContext(process, (_: Context.Context<never>) => context))
    })
  )
}

const perTag = <R, S>(
  name: string,
  { tagging }: { readonly tagging: Tagging.Tagging },
  offsets: Offsets<S>,
  process: (consumer: ConsumerId.ConsumerId) => Process.Process<never, R>
): Projection<R, S> => ({ name, processes: tagging.tags.map((tag) => process(ConsumerId.make(name, tag))), offsets })
