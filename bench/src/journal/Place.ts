/** Where pages begin: the same places for all who read them. */
import { partitions } from "./BenchJournal.js"
import { rareName, rareTags } from "./Fill.js"

export interface Place {
  readonly name: string
  readonly partition: number
  readonly after: number
}

/** Numbers of 0 to 1 that are the same in every run (mulberry32). */
const random = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Positions that a page of a partition's tag spans at the most. */
const span = 1.5 * partitions * 1000

/** Full pages of the partitions' tags, all over a journal of `size` events; others in every round. */
export const common = (size: number, count: number, round: number): ReadonlyArray<Place> => {
  const next = random(round + 1)
  return Array.from({ length: count }, () => ({
    name: "Booking",
    partition: Math.floor(next() * partitions),
    after: Math.floor(next() * (size - span))
  }))
}

/** The one page of each of the rare tags, several times. */
export const rare = (count: number): ReadonlyArray<Place> =>
  Array.from({ length: count }, (_, n) => ({ name: rareName, partition: n % rareTags, after: 0 }))
