/** How long things took: collected in milliseconds, told as quantiles. */
import { Clock, Effect } from "effect"

export interface Latency {
  readonly count: () => number
  /** The time below which a share `q` of them lies; 0 of none. */
  readonly quantile: (q: number) => number
  /** Measures an effect that succeeds; one that fails is not counted. */
  readonly measure: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make = (): Latency => {
  const took: Array<number> = []
  return {
    count: () => took.length,
    quantile: (q) => {
      const sorted = took.toSorted((a, b) => a - b)
      return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
    },
    measure: (effect) =>
      Effect.gen(function* () {
        const since = yield* Clock.currentTimeNanos
        const value = yield* effect
        took.push(Number((yield* Clock.currentTimeNanos) - since) / 1e6)
        return value
      })
  }
}

const digits = (ms: number): string => ms.toFixed(ms < 10 ? 1 : 0)

/** For people. */
export const text = (latency: Latency): string =>
  [0.5, 0.95, 0.99, 1].map((q) => `${q === 1 ? "max" : `p${q * 100}`} ${digits(latency.quantile(q))} ms`).join(", ")

/** For JSON. */
export const rounded = (ms: number): number => Math.round(ms * 10) / 10
