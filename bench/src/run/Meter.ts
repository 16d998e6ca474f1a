/** Counts what is answered while the clock runs, and how long each took: of callers that ask as fast as they are answered. */
import { quantile } from "./Figures.js"

/** Milliseconds of asking before the clock runs, and while it does. */
export interface Window {
  readonly warmUp: number
  readonly measured: number
}

export interface Measured {
  readonly perSecond: number
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  /** Processor time of this process, microseconds an answer. */
  readonly cpuMicros: number
}

/** Processor time that this process has used since, in microseconds: steadier than a clock on a machine that is shared. */
export const cpuMicrosSince = (before: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(before)
  return system + user
}

export interface Meter {
  /** The time, while there is some left. */
  readonly next: () => number | undefined
  readonly answered: (since: number) => void
  readonly measured: () => Measured
}

export const start = ({ measured, warmUp }: Window): Meter => {
  const from = performance.now() + warmUp
  const end = from + measured
  const latencies: Array<number> = []
  const cpu = process.cpuUsage()
  let all = 0
  return {
    next: () => {
      const now = performance.now()
      return now < end ? now : undefined
    },
    answered: (since) => {
      const now = performance.now()
      all += 1
      if (now >= from && now <= end) latencies.push(now - since)
    },
    measured: () => ({
      perSecond: (latencies.length * 1000) / measured,
      latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
      cpuMicros: cpuMicrosSince(cpu) / all
    })
  }
}
