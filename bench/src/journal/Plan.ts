/** How much is measured. */
import type { Options, Size } from "../run/Options.js"

export interface Plan {
  readonly rounds: number
  /** Milliseconds of writing before the clock runs, and while it does. */
  readonly warmUp: number
  readonly measured: number
  /** Events that the part `read` writes and reads. */
  readonly read: number
  /** Seconds of light load. */
  readonly light: number
  /** Sizes of the journals, in events, in which pages of a tag are read: powers of ten from 100,000 on. */
  readonly sizes: ReadonlyArray<number>
  /** Of those, the ones in which other ways to find a tag's events are tried beside ours: they take several times the room. */
  readonly compared: ReadonlyArray<number>
  /** Of those, the ones that are read whole while the memory is watched. */
  readonly memory: ReadonlyArray<number>
}

const sizes: Readonly<Record<Size, Plan>> = {
  quick: {
    rounds: 1,
    warmUp: 100,
    measured: 300,
    read: 20_000,
    light: 3,
    sizes: [100_000],
    compared: [100_000],
    memory: [100_000]
  },
  normal: {
    rounds: 3,
    warmUp: 150,
    measured: 600,
    read: 100_000,
    light: 8,
    sizes: [100_000, 1_000_000],
    compared: [100_000, 1_000_000],
    memory: [1_000_000]
  },
  full: {
    rounds: 5,
    warmUp: 300,
    measured: 1000,
    read: 100_000,
    light: 20,
    sizes: [100_000, 1_000_000, 10_000_000],
    compared: [100_000, 1_000_000],
    memory: [1_000_000, 10_000_000]
  }
}

export const of = ({ rounds, size }: Pick<Options<string>, "rounds" | "size">): Plan => ({
  ...sizes[size],
  ...(rounds === undefined ? {} : { rounds })
})
