/** What a node is among others: its settings with their defaults, stated once. */

export interface Input {
  readonly weight?: number
  readonly roles?: ReadonlyArray<string>
}

export interface NodeSettings {
  readonly weight: number
  readonly roles: ReadonlyArray<string>
}

export const resolve = ({ roles = [], weight = 1 }: Input): NodeSettings => {
  if (!Number.isInteger(weight) || weight < 1 || weight > heaviest) {
    throw new RangeError(`the weight of a node is a whole number from 1 to ${heaviest}, not ${weight}`)
  }
  return { roles, weight }
}

/** Enough for any ratio, and few enough for exact arithmetic. */
const heaviest = 1000
