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

/** How often it is looked at, in milliseconds. */
const interval = 5
/** After so long without progress the view itself is asked: a run that is ended after its commit has not counted it. */
const stalled = 1000

/** Runs what projects in the background, until it has projected so many events; `viewed` tells how many are in the view. */
export const measured = <E, R, X, S>(
  count: number,
  projecting: Effect.Effect<void, E, R>,
  viewed: Effect.Effect<number, X, S>
) =>
  Effect.gen(function* () {
    const before = yield* events
    const idle = process.memoryUsage.rss()
    let peak = idle
    let [done, looks] = [0, 0]
    const look = Effect.gen(function* () {
      peak = Math.max(peak, process.memoryUsage.rss())
      const counted = (yield* events) - before
      looks = counted > done ? 0 : looks + 1
      done = Math.max(done, counted)
      if (done < count && looks > 0 && looks % (stalled / interval) === 0) done = Math.max(done, yield* viewed)
      return done
    })
    const timed = yield* Timed.effect(
      Effect.zipRight(
        projecting,
        Effect.repeat(look, { until: () => done >= count, schedule: Schedule.spaced(interval) })
      ).pipe(Effect.map(() => done))
    )
    return { ...timed, idle, peak } satisfies Projected
  })
