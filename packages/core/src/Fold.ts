/**
 * How the state of an entity is computed from its events: an initial state and a pure step.
 *
 * The entity runtime folds with it before each command, `given / when / then` folds with it in tests. A fold sees the
 * bare event: time and position belong to projections. An event that cannot follow the state is a defect
 * (`Fold.impossible`), never a silent skip.
 *
 * @since 0.1.0
 */
import type { Schema } from "effect"
import { Data, Inspectable } from "effect"

/**
 * A state and the step by which one event changes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fold<S, in E> {
  readonly initial: S
  readonly reduce: (state: S, event: E) => S
}

/**
 * One step for each kind of event, chosen by its `_tag`.
 *
 * @since 0.1.0
 * @category models
 */
export type Cases<S, E extends { readonly _tag: string }> = {
  readonly [K in E["_tag"]]: (state: S, event: Extract<E, { readonly _tag: K }>) => S
}

/**
 * An event met a state that it cannot follow: the history or the fold is wrong. Always a defect, never a rejection.
 *
 * @since 0.1.0
 * @category errors
 */
export class ImpossibleFold extends Data.TaggedError("ImpossibleFold")<{
  readonly reason: string
  readonly event: unknown
}> {
  override get message(): string {
    return `impossible fold: ${this.reason} (event ${Inspectable.toStringUnknown(this.event, 0)})`
  }
}

/**
 * A fold from an initial state and a step.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <S, E>(initial: S, reduce: (state: S, event: E) => S): Fold<S, E> => ({ initial, reduce })

/**
 * A fold over the events of a schema, one case for each `_tag`. The compiler requires every case.
 *
 * @example
 * ```ts
 * const fold = Fold.of(CounterEvent)<number>(0, { Incremented: (n, e) => n + e.by, Reset: () => 0 })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const of =
  <E extends { readonly _tag: string }, I>(_events: Schema.Schema<E, I>) =>
  <S>(initial: S, cases: Cases<S, E>): Fold<S, E> => ({
    initial,
    reduce: (state, event) => caseOf(cases, event)(state, event)
  })

// `cases[event._tag]` takes exactly the event of that tag; TypeScript cannot follow the correlation.
const caseOf = <S, E extends { readonly _tag: string }>(cases: Cases<S, E>, event: E) =>
  cases[event._tag as E["_tag"]] as (state: S, event: E) => S

/**
 * Dies with `ImpossibleFold`: for the branch of a fold that no true history reaches.
 *
 * @since 0.1.0
 * @category constructors
 */
export const impossible = (reason: string, event: unknown): never => {
  throw new ImpossibleFold({ reason, event })
}

/**
 * The state after a history.
 *
 * @since 0.1.0
 * @category combinators
 */
export const run = <S, E>(fold: Fold<S, E>, events: Iterable<E>, from: S = fold.initial): S => {
  let state = from
  for (const event of events) state = fold.reduce(state, event)
  return state
}
