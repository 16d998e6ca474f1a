/** Chance from a seed: the same seed and the same label give the same draws, whatever others draw. */
import { stableHash } from "../../../Tagging.js"

export interface Draw {
  /** In [0, 1). */
  readonly next: () => number
  readonly chance: (probability: number) => boolean
  /** A whole number from `least` to `most`, both included. */
  readonly between: (least: number, most: number) => number
  readonly pick: <A>(values: ReadonlyArray<A>) => A | undefined
  /** Draws of its own for something with a name. */
  readonly of: (label: string) => Draw
}

/** Mulberry32: 32 bits of state are enough to tell seeds apart, and it is the same everywhere. */
export const make = (seed: string): Draw => {
  let state = stableHash(seed)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    chance: (probability) => next() < probability,
    between,
    pick: (values) => values[between(0, values.length - 1)],
    of: (label) => make(`${seed}/${label}`)
  }
}
