/**
 * What a projection keeps beside what it makes of events: its offsets, and what it has set aside.
 *
 * @since 0.1.0
 */
import type { ConsumerId, JournalError, Offset, OffsetStore, ProcessContext, Quarantine } from "@aecor/core"
import type { Effect, Option } from "effect"
import type * as ViewStore from "./ViewStore.js"

/**
 * The keys that a projection has set aside. `retry` tries all of them again, the oldest first, or those of one key; what
 * it needs beside the stores is what events are projected with. A key whose event fails again stays, and says why.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetAside<out S, out Q> {
  readonly entries: Effect.Effect<ReadonlyArray<Quarantine.Entry>, StoreError, S>
  readonly retry: (key?: string) => Effect.Effect<ReadonlyArray<Retried>, StoreError | JournalError.JournalError, Q>
}

/**
 * A key that was tried again, as it was before, and what came of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retried {
  readonly entry: Quarantine.Entry
  readonly outcome: Quarantine.Outcome
}

/**
 * The error of the store in which a projection keeps its offsets.
 *
 * @since 0.1.0
 * @category errors
 */
export type StoreError = ViewStore.ViewStoreError | OffsetStore.OffsetStoreError

/**
 * A projection's offsets, wherever it keeps them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Offsets<out S> {
  /** When it was last committed, in milliseconds since the epoch; none before the first commit. */
  readonly advancedAt: (consumer: ConsumerId.ConsumerId) => Effect.Effect<Option.Option<number>, StoreError, S>
  readonly get: (consumer: ConsumerId.ConsumerId) => Effect.Effect<Offset.Offset, StoreError, S>
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
