/**
 * What reacts to a journal's events: one process a tag, to be handed to `DistributedProcessing`. The constructor's name
 * is the delivery guarantee.
 *
 * `exactlyOnce` folds events into a view; view and offset are committed together, under the process's fence, so whatever
 * crashes or is taken over, a row is the fold of its key's events, each once. `atLeastOnce` runs a handler with effects
 * of its own; it may meet an event again, and the event's `id` is the key by which it can tell.
 *
 * A process keeps the order of its tag. It ends with an error when its commit is refused, or when a store does not answer;
 * the host starts it again, and it goes on from the stored offset. An event that cannot be projected ends it as well, or
 * has its key set aside, as the projection's `FailurePolicy` says. Nothing is ever lost.
 *
 * Counted: `aecor_projection_events` and `aecor_projection_gaps`, by `projection`.
 *
 * @since 0.1.0
 */
import {
  ConsumerId,
  type EntityEvent,
  type Journal,
  OffsetStore,
  Process,
  ProcessContext,
  type Tagging
} from "@aecor/core"
import { type Context, Effect, Option, type Scope } from "effect"
import * as FailurePolicy from "./FailurePolicy.js"
import * as AtLeastOnce from "./internal/atLeastOnce.js"
import * as ExactlyOnce from "./internal/exactlyOnce.js"
import * as keptIn from "./internal/keptIn.js"
import { checkPageSize } from "./internal/pages.js"
import { retryEach } from "./internal/retryEach.js"
import { retryFold } from "./internal/retryFold.js"
import { retryHandle } from "./internal/retryHandle.js"
import type { Offsets, SetAside } from "./ProjectionModels.js"
import type * as ViewStore from "./ViewStore.js"

export * from "./ProjectionError.js"
export * from "./ProjectionModels.js"

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
export interface Projection<out R, out S = unknown, out Q = unknown> {
  readonly name: string
  readonly processes: ReadonlyArray<Process.Process<never, R>>
  /** Where it keeps its offsets: for `Repartition`, which moves them. */
  readonly offsets: Offsets<S>
  /** What it has set aside, seen and tried again from any node. */
  readonly quarantine: SetAside<S, Q>
}

/**
 * A projection that keeps a view, with what the view is made of: all that it takes to fold it anew.
 *
 * @since 0.1.0
 * @category models
 */
export interface ViewProjection<JS, E, VS, V> extends Projection<JS | VS | ProcessContext.ProcessContext, VS, JS | VS> {
  readonly journal: Journal.Any<JS, E>
  readonly view: ViewStore.Any<VS, V>
  readonly project: Project<V, E>
}

/**
 * What an event makes of the row of its key; none deletes it.
 *
 * @since 0.1.0
 * @category models
 */
export type Project<V, E> = (view: Option.Option<V>, event: EntityEvent.EntityEvent<E>) => Option.Option<V>

/**
 * A projection that keeps a view: a pure fold from a key's events to its row.
 *
 * `project` gets the row of the event's key, none where there is none, and gives the next one, or `Option.none()`, which
 * deletes it. A deleted row is gone for queries; the store remembers its version, so that an event that comes again does
 * not bring it back. Where an event cannot follow the row it throws (`Fold.impossible`), and `onFailure` says what becomes
 * of that: the process ends with an `EventFailed` that names the event (`FailurePolicy.halt`, the default), or the key is
 * set aside. A key is tried again by folding all its events from the first on.
 *
 * A row that lags behind its journal, because it was restored or edited, is filled up from the journal by key before the
 * next event is folded: counted, and logged as a warning. Rows that the process has written are not read back while it runs,
 * so nobody else is to write to them. `pageSize` (1,000 by default) bounds how many events make one commit, and how many of
 * its last rows a process keeps in memory. The offset is kept with the view, under the projection's name and the tag.
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
    readonly project: (
      view: Option.Option<NoInfer<V>>,
      event: EntityEvent.EntityEvent<NoInfer<E>>
    ) => NoInfer<V> | Option.Option<NoInfer<V>>
    readonly onFailure?: FailurePolicy.FailurePolicy
    readonly pageSize?: number
  }
): ViewProjection<JS, E, VS, V> => {
  const pageSize = checkPageSize(name, options.pageSize ?? 1000)
  const { journal, onFailure: policy = FailurePolicy.halt, view } = options
  const project: Project<V, E> = (row, event) => {
    const next = options.project(row, event)
    return Option.isOption(next) ? next : Option.some(next)
  }
  const quarantine: SetAside<VS, JS | VS> = {
    entries: Effect.flatMap(view, (store) => store.quarantined(name)),
    retry: (key) =>
      Effect.gen(function* () {
        const source = { projection: name, project, journal: yield* journal, store: yield* view }
        return yield* retryEach(yield* source.store.quarantined(name), key, retryFold<V, E>(source))
      })
  }
  const processes = perTag(name, journal, { offsets: keptIn.view(view), quarantine }, (consumer) =>
    Effect.gen(function* () {
      const events = yield* journal
      const store = yield* view
      const fence = yield* ProcessContext.ProcessContext
      const retry = retryFold<V, E>({ projection: name, project, journal: events, store })
      return yield* Process.fromEffect(
        ExactlyOnce.run<V, E>({
          retry,
          consumer,
          view: view.label,
          journal: events,
          store,
          fence,
          project,
          policy,
          pageSize
        })
      )
    })
  )
  return { ...processes, journal, view, project }
}

/**
 * The events of some types.
 *
 * @since 0.1.0
 * @category models
 */
export type Of<E extends { readonly _tag: string }, T extends E["_tag"]> = Extract<E, { readonly _tag: T }>

/**
 * A projection with effects: a handler for each event, in order, one at a time.
 *
 * The offset is committed after at most `pageSize` events (100 by default), and after the last handled one when the
 * process ends; what was handled since is handled again after a crash, or by a new copy while an old one still runs. A
 * handler that fails or dies ends the process with an `EventFailed` that names the event, which is tried again after the
 * host's backoff, and events behind it wait; or its key is set aside, as `onFailure` says, and is tried again from that
 * event on. What a handler acquires in its scope is released after the event.
 *
 * With `only`, it gets events of these types alone. The others cost next to nothing: their offset is committed with the next
 * event that is handled, or after a second, so that much the lag may show. What was passed over stays so: a type that is
 * named later is met from where each partition stands when the new code takes it (`Replay.rewind` for what was before).
 *
 * Throws a `RangeError` when `pageSize` is not a positive integer, or `only` names no type, or one that the journal has not.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atLeastOnce = <JS, E extends { readonly _tag: string }, X, R, T extends E["_tag"] = E["_tag"]>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly only?: ReadonlyArray<T>
    readonly handle: (event: EntityEvent.EntityEvent<Of<E, T>>) => Effect.Effect<void, X, R>
    readonly onFailure?: FailurePolicy.FailurePolicy
    readonly pageSize?: number
  }
): Projection<
  JS | OffsetStore.OffsetStore | ProcessContext.ProcessContext | Exclude<R, Scope.Scope>,
  OffsetStore.OffsetStore,
  JS | OffsetStore.OffsetStore | Exclude<R, Scope.Scope>
> => {
  const pageSize = checkPageSize(name, options.pageSize ?? 100)
  const policy = options.onFailure ?? FailurePolicy.halt
  const only = options.only === undefined ? undefined : typesOf(name, options.journal.format.shapes, options.only)
  const concerns = (event: EntityEvent.EntityEvent<E>): event is EntityEvent.EntityEvent<Of<E, T>> =>
    only === undefined || only.has(event.event._tag)
  const handle = (event: EntityEvent.EntityEvent<E>) =>
    concerns(event) ? Effect.scoped(options.handle(event)) : Effect.void
  const quarantine: SetAside<OffsetStore.OffsetStore, JS | OffsetStore.OffsetStore | Exclude<R, Scope.Scope>> = {
    entries: Effect.flatMap(OffsetStore.OffsetStore, (store) => store.quarantined(name)),
    retry: (key) =>
      Effect.gen(function* () {
        const journal = yield* options.journal
        const { quarantined, settle } = yield* OffsetStore.OffsetStore
        const source = { journal, quarantined, settle, handle: AtLeastOnce.handler(name, handle) }
        return yield* retryEach(yield* quarantined(name), key, retryHandle(source))
      })
  }
  return perTag(name, options.journal, { offsets: keptIn.offsetStore, quarantine }, (consumer) =>
    Effect.gen(function* () {
      const journal = yield* options.journal
      const offsets = yield* OffsetStore.OffsetStore
      const fence = yield* ProcessContext.ProcessContext
      const context = yield* Effect.context<Exclude<R, Scope.Scope>>()
      const process = AtLeastOnce.run({ consumer, journal, offsets, fence, concerns, handle, policy, pageSize })
      return yield* Process.fromEffect(Effect.mapInputContext(process, (_: Context.Context<never>) => context))
    })
  )
}

/** The types that a projection is about: of those that are written, for no event has the name of one that is only read. */
const typesOf = (
  name: string,
  shapes: Journal.Any<never, never>["format"]["shapes"],
  only: ReadonlyArray<string>
): ReadonlySet<string> => {
  if (only.length === 0) throw new RangeError(`projection ${name}: only must name a type of event`)
  const types = new Set(shapes.filter(({ current }) => current).map(({ type }) => type))
  for (const type of only) {
    if (!types.has(type)) throw new RangeError(`projection ${name}: the journal has no events of type ${type}`)
  }
  return new Set(only)
}

const perTag = <R, S, Q>(
  name: string,
  { tagging }: { readonly tagging: Tagging.Tagging },
  kept: { readonly offsets: Offsets<S>; readonly quarantine: SetAside<S, Q> },
  process: (consumer: ConsumerId.ConsumerId) => Process.Process<never, R>
): Projection<R, S, Q> => ({ name, processes: tagging.tags.map((tag) => process(ConsumerId.make(name, tag))), ...kept })
