/**
 * Whether and how often an entity's state is saved, so that a long history need not be read from its beginning.
 *
 * A snapshot never changes a result: it is used only where the journal still holds the event that it goes up to, the
 * events after it are folded onto it, and a command that was recognised as a repeat before it is recognised after it.
 * Whatever is wrong with one or with the store is logged, and the entity reads all its events. What no snapshot keeps is
 * a failure: an event that does not decode or that the fold refuses is not noticed any more when a snapshot lies behind
 * it.
 *
 * @since 0.1.0
 */
import type { KeyValueStore } from "@effect/platform"
import { type Context, type Effect, type ParseResult, Schema } from "effect"
import { SnapshotStore } from "./SnapshotStore.js"

/**
 * How an entity is saved.
 *
 * - `every`: a snapshot is saved when the entity's sequence passes a multiple of it.
 * - `version`: only snapshots of this version are used.
 * - `encode`, `decode`: the state as JSON and back.
 * - `store`: the service that keeps them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Snapshotting<S, R> {
  readonly every: number
  readonly version: number
  readonly encode: (state: S) => Effect.Effect<unknown, ParseResult.ParseError>
  readonly decode: (encoded: unknown) => Effect.Effect<S, ParseResult.ParseError>
  readonly store: Context.Tag<R, KeyValueStore.KeyValueStore>
}

/**
 * A snapshot every so many events, in the `SnapshotStore`.
 *
 * `version` is to be raised whenever the fold makes another state of the same events, or the state takes another shape:
 * snapshots of other versions are left alone until the next one replaces them. The state's encoded form must be plain
 * JSON; one that JSON would change (a date, a `NaN`, an instance of a class) is not saved, and logged. Throws a
 * `RangeError` when `events` is no positive integer, or `version` no integer.
 *
 * @example
 * ```ts
 * class Account extends EventSourced.Tag<Account>()("Account", {
 *   journal: AccountJournal,
 *   fold,
 *   protocol,
 *   snapshots: Snapshotting.every(100, { state: AccountState, version: 1 })
 * }) {}
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const every = <S, I>(
  events: number,
  { state, version }: { readonly state: Schema.Schema<S, I>; readonly version: number }
): Snapshotting<S, SnapshotStore> => {
  if (!Number.isSafeInteger(events) || events < 1) {
    throw new RangeError(`a snapshot every ${events} events: use a positive integer`)
  }
  if (!Number.isSafeInteger(version)) throw new RangeError(`the snapshots' version ${version} is no integer`)
  return {
    every: events,
    version,
    encode: Schema.encode(state),
    decode: Schema.decodeUnknown(state),
    store: SnapshotStore
  }
}
