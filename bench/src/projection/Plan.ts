/** How much is measured. */
import type { Options, Size } from "../run/Options.js"
import type { Filling } from "./Fill.js"

export interface Plan {
  readonly rounds: number
  /** The journals that are projected beside Emmett and the raw reader: of many entities, and of few. */
  readonly many: Filling
  readonly few: Filling
  /** What Emmett is given of the first kind: it takes a second for what others do in 20 ms. */
  readonly emmett: Filling
  /** Seconds of light load. */
  readonly light: number
  /** The journals that are rebuilt whole while the memory is watched. */
  readonly rebuilt: ReadonlyArray<Filling>
  /** What one node and three nodes project. */
  readonly shared: Filling
  /** Seconds for which idle projections are watched. */
  readonly idle: number
  /** How often versions are swapped under load. */
  readonly swaps: number
}

const of = (events: number, entities: number): Filling => ({ events, entities })

const sizes: Readonly<Record<Size, Plan>> = {
  quick: {
    rounds: 1,
    many: of(100_000, 10_000),
    few: of(100_000, 100),
    emmett: of(10_000, 10_000),
    light: 3,
    rebuilt: [of(200_000, 10_000)],
    shared: of(100_000, 10_000),
    idle: 5,
    swaps: 20
  },
  normal: {
    rounds: 3,
    many: of(200_000, 10_000),
    few: of(200_000, 100),
    emmett: of(10_000, 10_000),
    light: 10,
    rebuilt: [of(1_000_000, 10_000)],
    shared: of(500_000, 10_000),
    idle: 15,
    swaps: 60
  },
  full: {
    rounds: 5,
    many: of(500_000, 10_000),
    few: of(500_000, 100),
    emmett: of(20_000, 10_000),
    light: 30,
    rebuilt: [of(1_000_000, 10_000), of(10_000_000, 10_000)],
    shared: of(1_000_000, 10_000),
    idle: 30,
    swaps: 200
  }
}

export const ofSize = ({ rounds, size }: Pick<Options<string>, "rounds" | "size">): Plan => ({
  ...sizes[size],
  ...(rounds === undefined ? {} : { rounds })
})
