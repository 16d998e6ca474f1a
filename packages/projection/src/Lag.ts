/**
 * How far a projection is behind its journal, and how fast it goes: asked from any node, of what the journal and the store of
 * offsets say, whether the projection runs or not.
 *
 * It counts the events that are left, so it costs about as much as reading them once; a projection that is well has few.
 *
 * @since 0.1.0
 */
import { ConsumerId, type Journal, type JournalError, type Offset, type Quarantine } from "@aecor/core"
import { Clock, Effect, Metric, Option, Schedule, Stream } from "effect"
import type { Projection, StoreError } from "./Projection.js"

/**
 * How far one partition is behind.
 *
 * - `events`: how many are to be projected. `seconds`: for how long the first of them has been waiting; 0 where none does.
 * - `advancedAt`: when the offset was last committed, in milliseconds since the epoch.
 * - `quarantined`: how many keys are set aside. Their events count as projected.
 *
 * @since 0.1.0
 * @category models
 */
export interface PartitionLag {
  readonly partition: number
  readonly offset: Offset.Offset
  readonly head: Offset.Offset
  readonly events: number
  readonly seconds: number
  readonly advancedAt: Option.Option<number>
  readonly quarantined: number
}

/**
 * How far a projection is behind: all partitions together, `seconds` of the one that is the farthest, `advancedAt` of the
 * one that was the last to advance.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lag extends Omit<PartitionLag, "partition" | "offset" | "head"> {
  readonly projection: string
  readonly partitions: ReadonlyArray<PartitionLag>
}

/**
 * The lag at a moment, and how many events a second were projected since the moment before.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress extends Lag {
  readonly perSecond: number
}

type Observed<S> = Pick<Projection<unknown, S>, "name" | "offsets" | "quarantine">

/**
 * The lag of a projection of a journal, now. While a `Repartition` drains the old partitions, ask with the journal's class
 * that has those: by the newer class, partitions that no process has begun yet count from the first event on.
 *
 * @example
 * ```ts
 * const { events, seconds } = yield* Lag.of(BookingJournal, bookingView)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const of: <JS, E, S>(
  journal: Journal.Any<JS, E>,
  projection: Observed<S>
) => Effect.Effect<Lag, JournalError.JournalError | StoreError, JS | S> = Effect.fn("Lag.of")(function* <JS, E, S>(
  journal: Journal.Any<JS, E>,
  { name, offsets, quarantine }: Observed<S>
) {
  const service = yield* journal
  const waiting = yield* quarantine.entries
  const partitions = yield* Effect.forEach(
    journal.tagging.tags,
    Effect.fnUntraced(function* (tag) {
      const consumer = ConsumerId.make(name, tag)
      const offset = yield* offsets.get(consumer)
      const [head, { events, since }] = [yield* service.head(tag), yield* service.behind(tag, offset)]
      const now = yield* Clock.currentTimeMillis
      return {
        partition: tag.partition,
        offset,
        head,
        events,
        // the journal's clock may be ahead of this one
        seconds: Option.match(since, { onNone: () => 0, onSome: (first) => Math.max(0, now - first) / 1000 }),
        advancedAt: yield* offsets.advancedAt(consumer),
        quarantined: waiting.filter(isOf(consumer)).length
      }
    }),
    { concurrency: 4 }
  )
  return { projection: name, ...together(partitions), partitions }
})

const isOf =
  ({ tag }: ConsumerId.ConsumerId) =>
  ({ consumer }: Quarantine.Entry): boolean =>
    consumer.tag.name === tag.name && consumer.tag.partition === tag.partition

const together = (partitions: ReadonlyArray<PartitionLag>) => ({
  events: sumOf(partitions, ({ events }) => events),
  seconds: Math.max(0, ...partitions.map(({ seconds }) => seconds)),
  advancedAt: Option.liftPredicate(
    Math.max(-1, ...partitions.map(({ advancedAt }) => Option.getOrElse(advancedAt, () => -1))),
    (at) => at >= 0
  ),
  quarantined: sumOf(partitions, ({ quarantined }) => quarantined)
})

const sumOf = (partitions: ReadonlyArray<PartitionLag>, of_: (partition: PartitionLag) => number): number =>
  partitions.reduce((sum, partition) => sum + of_(partition), 0)

/**
 * The lag again and again, every 5 seconds or as a schedule says, with the throughput since the time before; none is told of
 * the first. The events that were projected are counted in the journal, so it does not matter where that was.
 *
 * @since 0.1.0
 * @category constructors
 */
export const changes = <JS, E, S>(
  journal: Journal.Any<JS, E>,
  projection: Observed<S>,
  schedule: Schedule.Schedule<unknown> = Schedule.spaced("5 seconds")
): Stream.Stream<Progress, JournalError.JournalError | StoreError, JS | S> =>
  Stream.repeatEffectWithSchedule(Effect.zip(of(journal, projection), Clock.currentTimeMillis), schedule).pipe(
    Stream.mapAccumEffect(Option.none<readonly [Lag, number]>(), (before, [lag, now]) =>
      Effect.map(projectedSince(journal, before, lag), (events) => {
        const took = Option.match(before, { onNone: () => 0, onSome: ([_, at]) => now - at })
        return [Option.some([lag, now] as const), { ...lag, perSecond: took > 0 ? (events * 1000) / took : 0 }]
      })
    )
  )

/** How many events lie between the offsets of two moments. */
const projectedSince = <JS, E>(
  journal: Journal.Any<JS, E>,
  before: Option.Option<readonly [Lag, number]>,
  lag: Lag
): Effect.Effect<number, JournalError.JournalError, JS> =>
  Effect.flatMap(journal, (service) =>
    Effect.reduce(lag.partitions, 0, (sum, { offset, partition }) => {
      const then = Option.flatMapNullable(before, ([{ partitions }]) =>
        partitions.find((one) => one.partition === partition)
      )
      const tag = journal.tagging.tags.find((one) => one.partition === partition)
      if (Option.isNone(then) || tag === undefined || then.value.offset === offset) return Effect.succeed(sum)
      return Effect.zipWith(
        service.behind(tag, then.value.offset),
        service.behind(tag, offset),
        (all, left) => sum + Math.max(0, all.events - left.events)
      )
    })
  )

const gauges = {
  events: Metric.gauge("aecor_projection_lag_events", { description: "Events that are to be projected" }),
  seconds: Metric.gauge("aecor_projection_lag_seconds", {
    description: "For how long the first event that is to be projected has been waiting"
  }),
  quarantined: Metric.gauge("aecor_projection_quarantined", { description: "Keys that are set aside" }),
  perSecond: Metric.gauge("aecor_projection_throughput", { description: "Events projected a second" })
}

/**
 * Keeps the gauges `aecor_projection_lag_events`, `aecor_projection_lag_seconds` and `aecor_projection_quarantined`, by
 * `projection` and `partition`, and `aecor_projection_throughput`, by `projection`, as `changes` finds them; for ever. One
 * node of a cluster is enough: fork it where the projection is watched. What cannot be asked for is logged, and asked for
 * again at the next time.
 *
 * @example
 * ```ts
 * const Watched = Layer.scopedDiscard(Effect.forkScoped(Lag.metrics(BookingJournal, bookingView)))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const metrics = <JS, E, S>(
  journal: Journal.Any<JS, E>,
  projection: Observed<S>,
  schedule: Schedule.Schedule<unknown> = Schedule.spaced("5 seconds")
): Effect.Effect<never, never, JS | S> =>
  Stream.runForEach(changes(journal, projection, schedule), (progress) =>
    Effect.gen(function* () {
      const { partitions, perSecond, projection: name } = progress
      yield* Metric.set(Metric.tagged(gauges.perSecond, "projection", name), perSecond)
      for (const { events, partition, quarantined, seconds } of partitions) {
        const set = (gauge: Metric.Metric.Gauge<number>, value: number) =>
          Metric.set(
            gauge.pipe(Metric.tagged("projection", name), Metric.tagged("partition", String(partition))),
            value
          )
        yield* set(gauges.events, events)
        yield* set(gauges.seconds, seconds)
        yield* set(gauges.quarantined, quarantined)
      }
    })
  ).pipe(
    Effect.catchAll((error) => Effect.logWarning(`the lag of ${projection.name} cannot be told: ${error.message}`)),
    Effect.repeat(schedule),
    Effect.zipRight(Effect.never),
    Effect.withTracerEnabled(false)
  )
