/**
 * Which tag the events of a key carry. A tag is what a projection reads by; a partitioned tagging spreads the keys of
 * one journal over n tags, so that n processes can share the work while each key stays in order within its one tag.
 *
 * The tag is stored with every event: changing the number of partitions of a journal that holds events is a migration,
 * not an edit.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

/**
 * The identity of a tag: the name of the tagging and the partition, counted from 0. Structured, so that no two tags
 * can be confused by what their names contain.
 *
 * @since 0.1.0
 * @category schemas
 */
export class EventTag extends Schema.Class<EventTag>("@aecor/core/EventTag")({
  name: Schema.NonEmptyString,
  partition: Schema.NonNegativeInt
}) {
  override toString(): string {
    return `${this.name}/${this.partition}`
  }
}

/**
 * All tags of a journal, and the tag of a key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tagging {
  readonly name: string
  readonly tags: ReadonlyArray<EventTag>
  readonly tagOf: (key: string) => EventTag
}

/**
 * A 32-bit FNV-1a hash of the UTF-8 bytes of a text, as an unsigned integer. Part of the storage format: its values
 * decide where the events of a key are found, so it never changes.
 *
 * @since 0.1.0
 * @category combinators
 */
export const stableHash = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  // FNV's low bits are weak for short keys that differ in one digit: mix once more (murmur3's finalizer)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * `partitions` tags of one name; a key belongs to the tag that its stable hash chooses.
 *
 * Throws a `RangeError` when `partitions` is not an integer of 1 to 65,536.
 *
 * @since 0.1.0
 * @category constructors
 */
export const partitioned = (name: string, partitions: number): Tagging => {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 65_536) {
    throw new RangeError(
      `Tagging.partitioned("${name}"): partitions must be an integer of 1 to 65536, got ${partitions}`
    )
  }
  const tags = Array.from({ length: partitions }, (_, partition) => new EventTag({ name, partition }))
  return { name, tags, tagOf: (key) => tags[stableHash(key) % partitions] as EventTag }
}

/**
 * One tag for all keys: a single process reads the whole journal in order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const single = (name: string): Tagging => partitioned(name, 1)
