/**
 * What a view store takes and gives: the models, errors and operations of the port `ViewStore`.
 *
 * @since 0.1.0
 */
import type { ConsumerId, EventSourced, Offset, ProcessContext } from "@aecor/core"
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
 * What a projection reads before it folds a page: its offset and the rows concerned, of one moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded<V> {
  readonly offset: Offset.Offset
  readonly rows: ReadonlyMap<string, Versioned<V>>
}

/**
 * One page folded: the new rows by key and the offset they reach, under the process's fence. `expected` is the offset
 * that was read.
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
}

/**
 * Rows folded anew, by key, under a fence that is the newest of its process.
 *
 * @since 0.1.0
 * @category models
 */
export interface Replacement<V> {
  readonly fence: ProcessContext.Fence
  readonly rows: ReadonlyMap<string, Versioned<V>>
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
 * The stored offset is not the one that the projection read: another run has moved it. Nothing was written.
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
    return `view ${this.view}: ${this.consumer.toString()} is no longer at offset ${this.expected}`
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
 * The operations of a view store. `load` and `commit` are the projection's, `replace` and `scan` are for a replay, which
 * looks at rows and mends them; the others are for queries.
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
  /** The consumer's offset (0 before its first commit) and the rows of the keys that have one, of one moment. */
  readonly load: (
    consumer: ConsumerId.ConsumerId,
    keys: ReadonlyArray<string>
  ) => Effect.Effect<Loaded<V>, ViewStoreError>
  /**
   * Stores the rows and the offset, in one transaction, or nothing. A row whose stored version is the same or higher
   * stays as it is, and the offset is set nonetheless.
   */
  readonly commit: (commit: Commit<V>) => Effect.Effect<void, ProcessContext.Fenced | CommitConflict | ViewStoreError>
  /**
   * Stores the rows in one transaction, or nothing, and leaves all offsets as they are. A row whose stored version is
   * higher stays as it is. Gives the number of those that are different now.
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
   * once where it has; a receipt of sequence 0 waits for nothing.
   */
  readonly awaitReceipt: (
    receipt: Pick<EventSourced.Receipt<unknown>, "key" | "sequence">,
    timeout: Duration.DurationInput
  ) => Effect.Effect<void, ReceiptTimeout | ViewStoreError>
}
