/**
 * What can go wrong at a journal. None of these leaves the entity runtime: a caller of an entity sees `CommandFailed`.
 *
 * @since 0.1.0
 */
import { Data } from "effect"

/**
 * The key's head is not where the writer believed: somebody else has appended. Load again and decide again.
 *
 * @since 0.1.0
 * @category errors
 */
export class VersionConflict extends Data.TaggedError("VersionConflict")<{
  readonly key: string
  readonly expected: number
  readonly actual: number
}> {
  override get message(): string {
    return `key ${JSON.stringify(this.key)}: expected sequence ${this.expected}, the journal is at ${this.actual}`
  }
}

/**
 * The journal could not do what was asked. For an append: nothing of it is or will be stored.
 *
 * - `Unavailable`: the storage did not answer, or refused.
 * - `Unencodable`: an event does not fit the journal's schema or cannot be stored.
 * - `Undecodable`: a stored event cannot be read; the description names its type, version, key and position, and the
 *   cause (`EventFormat.Unreadable`) says whether the type or the version is unknown, or the schema refuses it.
 * - `PastChanged`: an event that was read or acknowledged is no longer there (a failover that lost it, a restored
 *   backup). What is known of the journal is to be dropped and read again.
 * - `OtherPartitions`: the journal has another number of partitions than the class's tagging, and never had that one.
 *
 * @since 0.1.0
 * @category errors
 */
export class JournalError extends Data.TaggedError("JournalError")<{
  readonly journal: string
  readonly reason: "Unavailable" | "Unencodable" | "Undecodable" | "PastChanged" | "OtherPartitions"
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.journal}: ${this.description}`
  }
}

/**
 * It could not be found out whether the append was stored: it may be, or may still become so. Sending the same command
 * again, under the same command id, is safe.
 *
 * @since 0.1.0
 * @category errors
 */
export class InDoubt extends Data.TaggedError("InDoubt")<{
  readonly journal: string
  readonly key: string
  readonly expected: number
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.journal}: the append at ${this.expected} of key ${JSON.stringify(this.key)} is in doubt`
  }
}
