/**
 * What a view store takes and gives: the models, errors and operations of the port `ViewStore`.
 *
 * @since 0.1.0
 */
import type { ConsumerId, EventSourced, Offset, ProcessContext, Quarantine } from "@aecor/core"
import { Data, type Duration, type Effect, type Option } from "effect"

/**
 * A row with the sequence of the last event folded into it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Versioned<out V> {
  readonly view: V
  readonly version: number
}

/**
 * What a projection reads before it folds a page: its offset and the rows concerned, of one moment. A row that was deleted
 * is a tombstone: the sequence of the event that deleted it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded<V> {
  readonly offset: Offset.Offset
  readonly rows: ReadonlyMap<string, Versioned<V>>
  readonly tombstones: ReadonlyMap<string, number>
}

/**
 * One page folded: the new rows by key and the offset they reach, under the process's fence. `expected` is the offset
 * that was read. `tombstones` are the rows that the page deletes, with their versions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Commit<V> {
  readonly consumer: ConsumerId.ConsumerId
  readonly fence: ProcessContext.Fence
  readonly expected: Offset.Offset
  readonly offset: Offset.Offset
  readonly rows: ReadonlyMap<string, Versioned<V>>
  readonly tombstones?: ReadonlyMap<string, number>
  readonly quarantine?: Quarantine.Changes
}

/**
 * What came of trying a quarantined key again: the row that its events make, as far as they could be folded.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attempt<V> extends Quarantine.Attempt {
  readonly rows: ReadonlyMap<string, Versioned<V>>
  readonly tombstones: ReadonlyMap<string, number>
}

/**
 * Rows folded anew, by key, and those that their events delete, under a fence that is the newest of its process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Replacement<V> {
  readonly fence: ProcessContext.Fence
  readonly rows: ReadonlyMap<string, Versioned<V>>
  readonly tombstones?: ReadonlyMap<string, number>
}

/**
 * The store did not answer, or refused, or holds a row that does not fit the schema. Whether a commit took effect is
 * decided by loading again.
 *
 * @since 0.1.0
 * @category errors
 */
export class ViewStoreError extends Data.TaggedError("ViewStoreError")<{
  readonly view: string
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `view ${this.view}: ${this.description}`
  }
}

/**
 * The stored offset is not the one that the projection read: another run has moved it. Or a key that the commit passes
 * over is no longer in the quarantine: somebody has ended it. Nothing was written.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommitConflict extends Data.TaggedError("CommitConflict")<{
  readonly view: string
  readonly consumer: ConsumerId.ConsumerId
  readonly expected: Offset.Offset
}> {
  override get message(): string {
    const { consumer, expected, view } = this
    return `view ${view}: ${consumer.toString()} is no longer at offset ${expected}, or a key has left its quarantine`
  }
}

/**
 * The view did not reach the receipt's sequence in time. It may later.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReceiptTimeout extends Data.TaggedError("ReceiptTimeout")<{
  readonly view: string
  readonly key: string
  readonly sequence: number
}> {
  override get message(): string {
    return `view ${this.view}: key ${JSON.stringify(this.key)} has not reached sequence ${this.sequence} in time`
  }
}

/**
 * The view does not reach the receipt's sequence for now: the key waits in the quarantine, as `entry` says, for an event
 * that could not be folded.
 *
 * @since 0.1.0
 * @category errors
 */
export class Quarantined extends Data.TaggedError("Quarantined")<{
  readonly view: string
  readonly key: string
  readonly sequence: number
  readonly entry: Quarantine.Entry
}> {
  override get message(): string {
    const { entry, key, sequence, view } = this
    return (
      `view ${view}: key ${JSON.stringify(key)} waits in the quarantine at sequence ${entry.sequence} ` +
      `(${entry.eventType}) and does not reach ${sequence}: ${entry.cause}`
    )
  }
}

/**
 * The operations of a view store. `get`, `find`, `awaitReceipt` and `awaitOffset` are for queries, `replace` and `scan`
 * for a replay, which looks at rows and mends them; the others are the projection's.
 *
 * @since 0.1.0
 * @category models
 */
export interface ViewStore<V> {
  /** The row of a key, none when there is none. */
  readonly get: (key: string) => Effect.Effect<Option.Option<Versioned<V>>, ViewStoreError>
  /**
   * The rows whose columns equal the given ones, ordered by key (by code point); all rows for `{}`. Equal means: encoded
   * by the schema, the columns are the same. A `null` is found by `null`, a date by the same instant.
   */
  readonly find: (where: Partial<V>) => Effect.Effect<ReadonlyArray<V>, ViewStoreError>
  /** The consumer's offset (0 before its first commit) and what there is of the keys, of one moment. */
  readonly load: (
    consumer: ConsumerId.ConsumerId,
    keys: ReadonlyArray<string>
  ) => Effect.Effect<Loaded<V>, ViewStoreError>
  /**
   * Stores the rows, the tombstones, the offset and what changes in the quarantine, in one transaction, or nothing. A row
   * whose stored version is the same or higher, or whose tombstone's is, stays as it is, and the offset is set nonetheless.
   */
  readonly commit: (commit: Commit<V>) => Effect.Effect<void, ProcessContext.Fenced | CommitConflict | ViewStoreError>
  /** When a consumer's offset was last committed, in milliseconds since the epoch; none before its first commit. */
  readonly advancedAt: (consumer: ConsumerId.ConsumerId) => Effect.Effect<Option.Option<number>, ViewStoreError>
  /** The keys that the consumers of a name have set aside, of all tags, the oldest first. */
  readonly quarantined: (name: string) => Effect.Effect<ReadonlyArray<Quarantine.Entry>, ViewStoreError>
  /**
   * Stores what came of trying a quarantined key again, with its rows, in one transaction; nothing where the outcome is
   * `Behind` or `Gone`. It needs no fence: a key leaves the quarantine once, and rows are replaced by higher versions only.
   */
  readonly settle: (attempt: Attempt<V>) => Effect.Effect<Quarantine.Outcome, ViewStoreError>
  /**
   * Stores the rows and the tombstones in one transaction, or nothing, and leaves all offsets as they are. A row whose
   * stored version is higher, or whose tombstone's is, stays as it is. Gives the number of those that are different now.
   */
  readonly replace: (replacement: Replacement<V>) => Effect.Effect<number, ProcessContext.Fenced | ViewStoreError>
  /**
   * At most `limit` rows, those after a key (none: from the first on), in an order of the store's own that does not
   * change: with the last key of each answer the next one is asked for.
   */
  readonly scan: (
    after: Option.Option<string>,
    limit: number
  ) => Effect.Effect<ReadonlyArray<readonly [key: string, row: Versioned<V>]>, ViewStoreError>
  /**
   * Waits until the row of the receipt's key has the receipt's sequence folded in: reading one's own write. Returns at
   * once where it has, or was deleted since, and fails at once with `Quarantined` where the key waits for an event of that
   * sequence or an earlier one; a receipt of sequence 0 waits for nothing.
   */
  readonly awaitReceipt: (
    receipt: Pick<EventSourced.Receipt<unknown>, "key" | "sequence">,
    timeout: Duration.DurationInput
  ) => Effect.Effect<void, ReceiptTimeout | Quarantined | ViewStoreError>
  /**
   * Waits until a consumer's offset is at or beyond one, and tells whether that came in time. At once where it is there
   * already. What was committed with it can be read then.
   */
  readonly awaitOffset: (
    consumer: ConsumerId.ConsumerId,
    offset: Offset.Offset,
    timeout: Duration.DurationInput
  ) => Effect.Effect<boolean, ViewStoreError>
}
