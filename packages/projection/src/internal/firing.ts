/** One process that fires timers: it sleeps until the first one is due, or until it hears of a new one. */
import type { Journal, JournalError, ProcessContext } from "@aecor/core"
import { Duration, Effect, Metric, Option, Queue, type Scope } from "effect"
import { type Entry, Fired, keyOf, type Operations, type Share, type TimersError } from "../Timer.js"

/** How long it waits where all that are due are being changed by somebody else. */
const whileLocked = Duration.millis(100)

const fired = Metric.counter("aecor_timers_fired", {
  description: "Timers that have become events",
  incremental: true
})

export const run = (options: {
  readonly share: Share
  readonly fence: ProcessContext.Fence
  readonly pageSize: number
  readonly lookEvery: Duration.Duration
  readonly timers: Operations
  readonly journal: Journal.Journal<Fired>
}): Effect.Effect<
  never,
  TimersError | ProcessContext.Fenced | JournalError.JournalError | JournalError.InDoubt,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const { fence, journal, lookEvery, pageSize, share, timers } = options
    const { name } = share
    const counter = Metric.tagged(fired, "timers", name)
    // it holds what is heard while the process looks, so that nothing is missed
    const heard = yield* Queue.sliding<void>(1)
    yield* timers.subscribe(() => void Queue.unsafeOffer(heard, undefined))
    const rest = (millis: number) =>
      Effect.raceFirst(Queue.take(heard), Effect.sleep(Duration.min(Duration.millis(millis), lookEvery)))

    /** The event is the first of its key: who comes later finds it there. */
    const handOver = ({ due, id, metadata, payload }: Entry) =>
      Effect.catchTag(
        journal.append(keyOf(name, id), 0, [Fired.make({ name, id, due, payload })], { metadata }),
        "VersionConflict",
        () => Effect.void
      )

    const fire = Effect.fn("Timers.fire", { attributes: { timers: name } })(function* () {
      const taken = yield* timers.take(share, { fence, most: pageSize })
      // together, in this order: the journal stores them in batches
      const outcomes = yield* Effect.forEach(taken, (entry) => Effect.either(handOver(entry)), {
        concurrency: "unbounded"
      })
      // one that the journal does not take holds up none of the others
      const ids = taken.flatMap(({ id }, i) => (outcomes[i]?._tag === "Right" ? [id] : []))
      if (ids.length > 0) yield* timers.handedOver(name, { fence, ids })
      yield* Metric.incrementBy(counter, ids.length)
      yield* Effect.all(outcomes, { discard: true })
      return taken.length
    })

    const look = Effect.gen(function* () {
      const until = yield* Effect.withTracerEnabled(timers.untilDue(share), false)
      if (Option.contains(until, 0)) {
        if ((yield* fire()) === 0) yield* rest(Duration.toMillis(whileLocked))
      } else {
        yield* rest(Option.getOrElse(until, () => Number.POSITIVE_INFINITY))
      }
    })
    return yield* Effect.forever(look)
  })
