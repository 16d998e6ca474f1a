/**
 * The generations of a tagging: how many partitions a journal has had, and since when. The partitions of all generations
 * are numbered through in storage, so no two of them are ever mistaken.
 *
 * A partition of so many is a set of keys, in whatever generation they were stored. So it is read in parts: what was
 * stored under as many partitions stands under its own number; of the rest, a key's hash tells what belongs to it.
 *
 * For those who write a journal; applications never touch it.
 *
 * @since 0.1.0
 */
import { Array as Arr, Either } from "effect"
import { JournalError } from "./JournalError.js"
import type { Offset } from "./Offset.js"
import { stableHash } from "./Tagging.js"

/**
 * So many partitions, since a position.
 *
 * @since 0.1.0
 * @category models
 */
export interface Generation {
  readonly partitions: number
  /** The number of its first partition in storage. */
  readonly first: number
  /** It holds what comes after this position. */
  readonly since: Offset
}

/**
 * A piece of a partition: after one position, up to another (undefined: on and on), and its number there, if it has one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Part {
  readonly after: Offset
  readonly to: Offset | undefined
  readonly number: number | undefined
}

/**
 * The generation that follows, after the journal's head.
 *
 * @since 0.1.0
 * @category combinators
 */
export const next = (last: Generation, partitions: number, head: Offset): Generation => ({
  partitions,
  first: last.first + last.partitions,
  since: head
})

/**
 * The pieces of a partition of so many, in order, up to where that many partitions ended last. Before anything is known
 * of generations, all is one piece. Fails with `JournalError`, `OtherPartitions`, where there never were as many.
 *
 * @since 0.1.0
 * @category combinators
 */
export const partsOf = (
  journal: string,
  generations: ReadonlyArray<Generation>,
  partitions: number,
  partition: number
): Either.Either<Arr.NonEmptyReadonlyArray<Part>, JournalError> => {
  const newest = generations.at(-1)
  if (newest === undefined) return Either.right([{ after: 0, to: undefined, number: partition }])
  const last = generations.findLastIndex((one) => one.partitions === partitions)
  const parts = generations.slice(0, last + 1).map((one, i): Part => ({
    after: one.since,
    to: generations[i + 1]?.since,
    number: one.partitions !== partitions ? undefined : partition < partitions ? one.first + partition : nowhere
  }))
  if (Arr.isNonEmptyReadonlyArray(parts)) return Either.right(parts)
  const description = `it has ${newest.partitions} partitions and never had ${partitions}: repartition it first`
  return Either.left(new JournalError({ journal, reason: "OtherPartitions", description }))
}

/** The number of a partition that there is not. */
const nowhere = -1

/**
 * The number under which an event of a key at a position is stored; undefined where nothing is known of generations.
 *
 * @since 0.1.0
 * @category combinators
 */
export const numberAt = (generations: ReadonlyArray<Generation>, key: string, position: Offset): number | undefined => {
  const at = generations.findLast(({ since }) => since < position)
  return at === undefined ? undefined : at.first + (stableHash(key) % at.partitions)
}
