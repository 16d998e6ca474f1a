/** How far the projections of this process are, and what that takes. */
import { Effect, Metric, Schedule } from "effect"
import * as Timed from "../journal/Timed.js"

export interface Projected extends Timed.Timed {
  /** Resident memory in bytes: before, and at the most. */
  readonly idle: number
  readonly peak: number
}

/** Events that have been folded and committed, by all projections. */
const events = Effect.map(Metric.snapshot, (pairs) =>
  pairs.reduce(
    (sum, { metricKey, metricState }) =>
      metricKey.name === "aecor_projection_events" && "count" in metricState ? sum + Number(metricState.count) : sum,
    0
  )
)

/** How often it is looked at. */
const interval = "5 millis"

/** Runs what projects in the background, until it has projected so many events. */
export const measured = <E, R>(count: number, projecting: Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const before = yield* events
    const idle = process.memoryUsage.rss()
    let peak = idle
    const look = Effect.map(events, (now) => {
      peak = Math.max(peak, process.memoryUsage.rss())
      return now - before
    })
    const timed = yield* Timed.effect(
      Effect.zipRight(
        projecting,
        Effect.repeat(look, { until: (done) => done >= count, schedule: Schedule.spaced(interval) })
      ).pipe(Effect.zipRight(look))
    )
    return { ...timed, idle, peak } satisfies Projected
  })
