/**
 * Which tags an event carries. A tag is what a projection reads by; a partitioned tagging spreads the keys of one
 * journal over n tags, so that n processes can share the work while each key stays in order within its one tag. Beside
 * the tag of its key's partition an event may carry others, for readers of a part of the journal.
 *
 * The tags are stored with every event: a journal that holds events gets another number of partitions by
 * `Journal.repartition`, while it is used; changing the number in the code alone changes nothing in the journal.
 *
 * @since 0.1.0
 */
import { Either, Function, Schema } from "effect"

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
 * A tag that stands alone: one that `withTags` gives to events, or to read such events by.
 *
 * Throws a `ParseError` when the name is empty or the partition no integer from 0 on.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tag = (name: string, partition = 0): EventTag => new EventTag({ name, partition })

/**
 * How a journal tags its events `E`: the tags of its partitions, the one of a key, and those that an event carries
 * beside it. `partitions` says among how many a key's stable hash chooses; a tagging of another kind has none, and its
 * journal cannot be repartitioned.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tagging<in E = never> {
  readonly name: string
  readonly partitions?: number
  readonly tags: ReadonlyArray<EventTag>
  readonly tagOf: (key: string) => EventTag
  readonly others: (event: E, key: string) => ReadonlyArray<EventTag>
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
export const partitioned = (name: string, partitions: number): Tagging<unknown> => {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 65_536) {
    throw new RangeError(
      `Tagging.partitioned("${name}"): partitions must be an integer of 1 to 65536, got ${partitions}`
    )
  }
  const tags = Array.from({ length: partitions }, (_, partition) => new EventTag({ name, partition }))
  return { name, partitions, tags, tagOf: (key) => tags[stableHash(key) % partitions] as EventTag, others: () => [] }
}

/**
 * One tag for all keys: a single process reads the whole journal in order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const single = (name: string): Tagging<unknown> => partitioned(name, 1)

/**
 * The same tagging, with further tags for some events. A reader of such a tag sees those events only, in the order of
 * the journal. The tags' names must be others than the tagging's own, which an append refuses as `Unencodable`.
 *
 * @example
 * ```ts
 * Tagging.withTags(Tagging.partitioned("Booking", 20), (event: BookingEvent) =>
 *   event._tag === "BookingPlaced" ? [Tagging.tag(event.concertId)] : []
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTags: {
  <E>(others: (event: E, key: string) => ReadonlyArray<EventTag>): (tagging: Tagging<E>) => Tagging<E>
  <E>(tagging: Tagging<E>, others: (event: E, key: string) => ReadonlyArray<EventTag>): Tagging<E>
} = Function.dual(
  2,
  <E>(tagging: Tagging<E>, others: (event: E, key: string) => ReadonlyArray<EventTag>): Tagging<E> => ({
    ...tagging,
    others: (event, key) => [...tagging.others(event, key), ...others(event, key)]
  })
)

/**
 * The tags that an event carries beside its partition's, each once; or the one that a tagging must not give, because its
 * name is the tagging's own.
 *
 * @since 0.1.0
 * @category combinators
 */
export const othersOf = <E>(
  tagging: Tagging<E>,
  event: E,
  key: string
): Either.Either<ReadonlyArray<EventTag>, EventTag> => {
  const given = tagging.others(event, key)
  if (given.length === 0) return Either.right(given)
  const own = given.find(({ name }) => name === tagging.name)
  if (own !== undefined) return Either.left(own)
  return Either.right(given.filter((one, i) => given.findIndex((other) => isSame(one, other)) === i))
}

/**
 * Whether two tags are the same.
 *
 * @since 0.1.0
 * @category combinators
 */
export const isSame = (one: EventTag, other: EventTag): boolean =>
  one.name === other.name && one.partition === other.partition
