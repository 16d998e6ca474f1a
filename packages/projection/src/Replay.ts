/**
 * Folding a view anew in place: each affected key from its first event, its row replaced at once, while queries go on.
 * For a fold that was wrong, for events that were missed, for rows that somebody edited.
 *
 * The projection's processes are stopped, in the whole cluster, and fenced before the first row is written, and run again
 * afterwards. So no code of before can write over what the replay has written, and it may be run again after a crash
 * wherever that came. A row's version never falls, and no query sees a row half folded.
 *
 * Only views can be replayed: `Projection.atLeastOnce` gives no fold, and a replay never calls a handler. Handlers meet
 * events again only where that is said, by `rewind`. A view that must not stand still meanwhile, or gets other columns, is filled beside the old one (`ViewAlias`).
 *
 * @since 0.1.0
 */
import {
  ConsumerId,
  Deployment,
  type Journal,
  type JournalError,
  type Lease,
  type Offset,
  type ProcessContext,
  type ProcessLease,
  type Tagging
} from "@aecor/core"
import { Array as Arr, type DateTime, type Duration, Effect, Either, Option } from "effect"
import * as DryRun from "./internal/replayDryRun.js"
import type { Outcome } from "./internal/replayFold.js"
import * as Walk from "./internal/replayWalk.js"
import type { Offsets, Projection, StoreError, ViewProjection } from "./Projection.js"
import type { EventFailed, GapNotHealed } from "./ProjectionError.js"
import type { Findings, Selection, WalkOptions } from "./ReplayModels.js"
import type { Versioned, ViewStoreError } from "./ViewStore.js"

export * from "./ReplayModels.js"

/**
 * - `patience` (10 s): how long the processes may take to stop; what still runs then is fenced.
 * - `fingerprint` (the registered one): that of the code whose processes are to run afterwards, where nodes of two releases
 *   run side by side.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends WalkOptions {
  readonly patience?: Duration.DurationInput
  readonly fingerprint?: string
}

/**
 * What a replay has done: how many keys it has folded from how many events, how many rows are different now, and how many
 * keys are in the quarantine no more (`freed`). `failed` are keys that could not be folded, whose rows are as they were; the first 20 of their errors are told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly keys: number
  readonly events: number
  readonly changed: number
  readonly freed: number
  readonly failed: number
  readonly errors: ReadonlyArray<EventFailed | GapNotHealed>
}

/**
 * Why a replay could not be done, or not to the end: what was replaced stays replaced, and the processes run again. After
 * `Fenced` somebody else has stopped or resumed them meanwhile.
 *
 * @since 0.1.0
 * @category errors
 */
export type ReplayError =
  | Deployment.UnknownDeployment
  | Lease.DeploymentMismatch
  | Lease.ProcessLeaseError
  | ProcessContext.Fenced
  | JournalError.JournalError
  | StoreError

/** The rows that keys have, and those that their events delete. */
const replaced = <V>(page: ReadonlyArray<readonly [string, Outcome<V>]>) => {
  const rows = new Map<string, Versioned<V>>()
  const tombstones = new Map<string, number>()
  for (const [key, outcome] of page) {
    if (Either.isLeft(outcome)) continue
    const { version, view } = outcome.right
    if (Option.isSome(view)) rows.set(key, { version, view: view.value })
    else tombstones.set(key, version)
  }
  return { rows, tombstones }
}

/** How many rows are written or looked at together. */
const rowsAtOnce = 500

const errorsTold = 20

/**
 * Folds the selected keys of a projection anew and replaces their rows, while its processes stand still. The fold is that
 * of the code which calls it. A key that waits in the quarantine leaves it where it can be folded now. Rows of keys without
 * any event are left alone.
 *
 * @example
 * ```ts
 * yield* Replay.inPlace(bookingView, { since: DateTime.unsafeMake("2026-03-01T12:00:00Z") })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const inPlace: <JS, E extends { readonly _tag: string }, VS, V>(
  projection: ViewProjection<JS, E, VS, V>,
  selection: Selection,
  options?: Options
) => Effect.Effect<Report, ReplayError, JS | VS | ProcessLease.ProcessLease> = Effect.fn("Replay.inPlace")(function* <
  JS,
  E extends { readonly _tag: string },
  VS,
  V
>(projection: ViewProjection<JS, E, VS, V>, selection: Selection, options: Options = {}) {
  const store = yield* projection.view
  const mended = Effect.fnUntraced(function* (fence: ProcessContext.Fence) {
    const report = { keys: 0, events: 0, changed: 0, freed: 0, failed: 0 }
    const errors: Array<EventFailed | GapNotHealed> = []
    const waiting = new Set((yield* projection.quarantine.entries).map(({ key }) => key))
    const mendable: Array<string> = []
    report.events = yield* Walk.walk(
      projection,
      selection,
      Effect.fnUntraced(function* (outcomes) {
        for (const page of Arr.chunksOf([...outcomes], rowsAtOnce)) {
          report.changed += yield* store.replace({ fence, ...replaced(page) })
          report.keys += page.length
          for (const [key, outcome] of page) {
            if (Either.isRight(outcome)) {
              if (waiting.has(key)) mendable.push(key)
              continue
            }
            report.failed += 1
            if (errors.length < errorsTold) errors.push(outcome.left)
          }
        }
      }),
      options
    )
    for (const key of mendable) {
      const tried = yield* projection.quarantine.retry(key)
      report.freed += tried.filter(({ outcome }) => outcome === "Ended").length
    }
    return { ...report, errors }
  })
  return yield* Deployment.whileStopped(projection.name, mended, options)
})

/**
 * What a replay of the selected keys would change, without stopping or writing anything. A row that lags behind its
 * journal is compared with what the events up to its version make of it, so the projection may go on meanwhile.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dryRun: <JS, E extends { readonly _tag: string }, VS, V>(
  projection: ViewProjection<JS, E, VS, V>,
  selection: Selection,
  options?: WalkOptions
) => Effect.Effect<Findings, JournalError.JournalError | ViewStoreError, JS | VS> = Effect.fn("Replay.dryRun")(
  function* <JS, E extends { readonly _tag: string }, VS, V>(
    projection: ViewProjection<JS, E, VS, V>,
    selection: Selection,
    options: WalkOptions = {}
  ) {
    const judge = yield* DryRun.make(projection, rowsAtOnce)
    const events = yield* Walk.walk(projection, selection, judge.look, options)
    return { events, ...judge.found() }
  }
)

/**
 * From where on handlers are to meet events again, and the word that they may: whatever they did, they do once more.
 *
 * @since 0.1.0
 * @category models
 */
export type Rewind = { readonly repeatEffects: true } & (
  | { readonly after: Offset.Offset }
  | { readonly since: DateTime.Utc }
)

/**
 * Lets the handlers of an at-least-once projection meet all events after a position, or since a time, once more. Its
 * processes are stopped and fenced first, and run again from there. Handlers that know an event by its `id` do nothing
 * then; all others repeat what they did. Gives the partitions that begin anew; those that had not come so far stay where
 * they are.
 *
 * @example
 * ```ts
 * yield* Replay.rewind(BookingJournal, mails, { since: beforeTheOutage, repeatEffects: true })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const rewind: <JS, E, S>(
  journal: Journal.Any<JS, E>,
  projection: Pick<Projection<unknown, S>, "name" | "offsets">,
  to: Rewind,
  options?: Omit<Options, keyof WalkOptions>
) => Effect.Effect<
  ReadonlyArray<{ readonly partition: number; readonly from: Offset.Offset; readonly to: Offset.Offset }>,
  ReplayError | Effect.Effect.Error<ReturnType<Offsets<S>["get"] | Offsets<S>["move"]>>,
  JS | S | ProcessLease.ProcessLease
> = Effect.fn("Replay.rewind")(function* <JS, E, S>(
  journal: Journal.Any<JS, E>,
  { name, offsets }: Pick<Projection<unknown, S>, "name" | "offsets">,
  to: Rewind,
  options: Omit<Options, keyof WalkOptions> = {}
) {
  const offset = yield* Walk.offsetOf(yield* journal, to)
  const moved = Effect.fnUntraced(function* (fence: ProcessContext.Fence, tag: Tagging.EventTag) {
    const consumer = ConsumerId.make(name, tag)
    const expected = yield* offsets.get(consumer)
    if (expected <= offset) return []
    yield* offsets.move({ consumer, fence, expected, offset })
    return [{ partition: tag.partition, from: expected, to: offset }]
  })
  return yield* Deployment.whileStopped(
    name,
    (fence) =>
      Effect.map(
        Effect.forEach(journal.tagging.tags, (tag) => moved(fence, tag)),
        Arr.flatten
      ),
    options
  )
})
