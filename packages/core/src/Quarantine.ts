/**
 * What a consumer has set aside: keys of which an event could not be handled. Their later events wait, in order, while
 * those of other keys go on.
 *
 * A store of offsets keeps the list. What enters it, and what is passed over because of it, is stored in the transaction
 * that moves the offset, under the same fence; so an event is handled, or its key is on the list and says how far it has
 * been passed over. A key leaves the list only where nothing was passed over beyond what has been handled since.
 *
 * @since 0.1.0
 */
import { Option } from "effect"
import type { ConsumerId } from "./ConsumerId.js"
import type { Offset } from "./Offset.js"

/**
 * An event that could not be handled, and why. `cause` is the first 500 characters of what was said.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  readonly eventType: string
  readonly sequence: number
  readonly position: Offset
  readonly cause: string
}

/**
 * A key on the list, with the event that it waits for.
 *
 * - `since`: when it came there, in milliseconds since the epoch. `attempts`: how often the event was tried, 1 at first.
 * - `last`: the sequence of the last event of the key that was passed over. Where a key is not an entity's but a row's to
 *   which many entities write, it is a position.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry extends Failure {
  readonly consumer: ConsumerId
  readonly key: string
  readonly since: number
  readonly attempts: number
  readonly last: number
}

/**
 * What a commit does to the list: keys that enter it, and keys of which more is passed over, up to where.
 *
 * @since 0.1.0
 * @category models
 */
export interface Changes {
  readonly entered: ReadonlyArray<Entry>
  readonly passed: ReadonlyMap<string, number>
}

/**
 * What came of trying a key again: how far it was handled (as `last` counts), and the event that failed, if one did.
 * `entry` is the key as it was read before.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attempt {
  readonly entry: Entry
  readonly reached: number
  readonly failure: Option.Option<Failure>
}

/**
 * - `Ended`: the key is no longer on the list; its next event is handled in its turn.
 * - `Failed`: an event failed, and it was noted.
 * - `Behind`: more was passed over than has been handled. Nothing was stored; try it again.
 * - `Gone`: somebody else has ended it or tried it since it was read. Nothing was stored.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = "Ended" | "Failed" | "Behind" | "Gone"

/** As much of a cause as is kept. */
const causeLength = 500

/**
 * A failure of an event, its cause trimmed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const failure = (failed: Failure): Failure => ({ ...failed, cause: failed.cause.slice(0, causeLength) })

/**
 * A key after a failed attempt. Where the attempt came further than the one before, it waits for another event now.
 *
 * @since 0.1.0
 * @category combinators
 */
export const failedAgain = (entry: Entry, { cause, ...place }: Failure): Entry => ({
  ...entry,
  ...(place.sequence > entry.sequence ? place : {}),
  cause,
  attempts: entry.attempts + 1
})

/**
 * A list in the memory of this process, for memory layers of stores: each operation is one synchronous step. `commit`
 * answers whether all keys that are passed over are on the list, and changes nothing where one is not.
 *
 * @since 0.1.0
 * @category models
 */
export interface Memory {
  readonly entries: (consumer: string) => ReadonlyArray<Entry>
  readonly ofKey: (key: string) => ReadonlyArray<Entry>
  readonly commit: (consumer: ConsumerId, changes: Changes) => boolean
  readonly settle: (attempt: Attempt) => Outcome
}

/**
 * An empty list in memory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const memory = (): Memory => {
  const all = new Map<string, Entry>()
  const place = ({ name, tag }: ConsumerId, key: string) => JSON.stringify([name, tag.name, tag.partition, key])
  return {
    entries: (consumer) => [...all.values()].filter((entry) => entry.consumer.name === consumer).toSorted(inOrder),
    ofKey: (key) => [...all.values()].filter((entry) => entry.key === key),
    commit: (consumer, { entered, passed }) => {
      if ([...passed.keys()].some((key) => !all.has(place(consumer, key)))) return false
      for (const entry of entered) all.set(place(consumer, entry.key), entry)
      for (const [key, last] of passed) {
        const entry = all.get(place(consumer, key))
        if (entry !== undefined) all.set(place(consumer, key), { ...entry, last: Math.max(last, entry.last) })
      }
      return true
    },
    settle: ({ entry: seen, failure: failed, reached }) => {
      const at = place(seen.consumer, seen.key)
      const entry = all.get(at)
      if (entry === undefined || entry.attempts !== seen.attempts || entry.sequence !== seen.sequence) return "Gone"
      if (Option.isSome(failed)) {
        all.set(at, failedAgain(entry, failed.value))
        return "Failed"
      }
      if (entry.last > reached) return "Behind"
      all.delete(at)
      return "Ended"
    }
  }
}

/** In the order in which the keys came. */
const inOrder = (a: Entry, b: Entry): number => a.since - b.since || a.position - b.position
