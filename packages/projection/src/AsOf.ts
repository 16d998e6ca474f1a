/**
 * How it was: a view's row, or an entity's state, as of a position of the journal or as of a time. Folded from the
 * journal for whoever asks; nothing is stored, and what is stored does not matter.
 *
 * @since 0.1.0
 */
import type { EntityEvent, Fold, Journal, JournalError, Offset } from "@aecor/core"
import { type DateTime, Effect, Either, Option, Stream } from "effect"
import { foldKey } from "./internal/replayFold.js"
import type { ViewProjection } from "./Projection.js"
import type { EventFailed, GapNotHealed } from "./ProjectionError.js"
import type { Versioned } from "./ViewStore.js"

/**
 * After the event at a position, or after all events that were stored up to a time (milliseconds).
 *
 * @since 0.1.0
 * @category models
 */
export type At = { readonly position: Offset.Offset } | { readonly time: DateTime.Utc }

const until =
  (at: At) =>
  ({ position, timestamp }: EntityEvent.EntityEvent<unknown>): boolean =>
    "position" in at ? position <= at.position : timestamp <= at.time.epochMillis

/**
 * The row that a projection makes of a key's events up to then; none where it had none. It is what the view showed as soon
 * as it had come so far, where the fold was the same.
 *
 * @example
 * ```ts
 * yield* AsOf.row(bookingView, "b-1", { time: DateTime.unsafeMake("2026-03-01T12:00:00Z") })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const row = <JS, E extends { readonly _tag: string }, VS, V>(
  projection: ViewProjection<JS, E, VS, V>,
  key: string,
  at: At
): Effect.Effect<Option.Option<Versioned<V>>, EventFailed | GapNotHealed | JournalError.JournalError, JS> =>
  Effect.gen(function* () {
    const source = { projection: projection.name, project: projection.project, journal: yield* projection.journal }
    const outcome = yield* foldKey(source, key, until(at))
    return yield* Option.match(outcome, {
      onNone: () => Either.right(Option.none()),
      onSome: Either.map(({ version, view }) => Option.map(view, (one) => ({ version, view: one })))
    })
  }).pipe(Effect.withSpan("AsOf.row"))

/**
 * The state of an entity after its events up to then, with the sequence of the last of them: 0, and the state before all
 * events, where there were none. An event that does not follow is a defect, as it is to the entity itself.
 *
 * @example
 * ```ts
 * yield* AsOf.state(Booking, BookingJournal, "b-1", { position: 4711 })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const state = <JS, E, S>(
  entity: { readonly fold: Fold.Fold<S, E> },
  journal: Journal.Any<JS, E>,
  key: string,
  at: At
): Effect.Effect<{ readonly state: S; readonly sequence: number }, JournalError.JournalError, JS> =>
  Effect.flatMap(journal, (events) =>
    Stream.runFold(
      Stream.takeWhile(events.read(key, 1), until(at)),
      { state: entity.fold.initial, sequence: 0 },
      (before, { event, sequence }) => ({ state: entity.fold.reduce(before.state, event), sequence })
    )
  ).pipe(Effect.withSpan("AsOf.state"))
