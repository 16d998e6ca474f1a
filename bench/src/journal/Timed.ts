/** What was read, and what it took. */
import { Effect } from "effect"
import { cpuMicrosSince } from "../run/Meter.js"

export interface Timed {
  readonly events: number
  readonly ms: number
  /** Processor time of the reader's own process, microseconds an event. */
  readonly cpuMicros: number
}

const start = (): ((events: number) => Timed) => {
  const since = performance.now()
  const cpu = process.cpuUsage()
  return (events) => ({ events, ms: performance.now() - since, cpuMicros: cpuMicrosSince(cpu) / events })
}

/** Times a promise that gives the number of events that it has read. */
export const promise = async (reading: () => Promise<number>): Promise<Timed> => {
  const end = start()
  return end(await reading())
}

/** Times an effect that gives the number of events that it has read. */
export const effect = <E, R>(reading: Effect.Effect<number, E, R>): Effect.Effect<Timed, E, R> =>
  Effect.suspend(() => Effect.map(reading, start()))
