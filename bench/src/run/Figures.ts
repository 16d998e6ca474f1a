/** The arithmetic of measurements: quantiles, medians, ratios, and how figures are rounded for people and for JSON. */

/** The value below which a share `q` of the values lies; `NaN` of none. */
export const quantile = (values: ReadonlyArray<number>, q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * How many times as large `of` is as `to`: the median of the rounds' own ratios, so that noise that lasts a round falls
 * out. The two lists hold one value a round.
 */
export const ratio = (of: ReadonlyArray<number>, to: ReadonlyArray<number>): number =>
  median(of.map((value, round) => value / (to[round] ?? Number.NaN)))

/** Three significant digits, and no decimals from 100 on. */
export const rounded = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))

/** For people: thousands apart. */
export const text = (value: number): string => (Number.isFinite(value) ? rounded(value).toLocaleString("en-US") : "–")
