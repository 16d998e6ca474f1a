/** Waiting for processes and for Postgres, and noticing when there is nothing to wait for. */
import type { PgClient } from "@effect/sql-pg"
import { Data, Effect, Schedule } from "effect"
import type { View } from "./checker.js"

export class Stalled extends Data.TaggedError("Stalled")<{ readonly message: string }> {}

/** Until it is done, as long as the count goes on growing; how long it may stand still, in milliseconds. */
const whileGrowing = (options: {
  readonly done: () => boolean
  readonly count: () => number
  readonly patience: number
  readonly what: string
}) =>
  Effect.gen(function* () {
    let [count, since] = [options.count(), Date.now()]
    while (!options.done()) {
      if (options.count() !== count) [count, since] = [options.count(), Date.now()]
      else if (Date.now() - since > options.patience) {
        return yield* new Stalled({ message: `${options.what}: nothing more came for ${options.patience / 1000} s` })
      }
      yield* Effect.sleep("20 millis")
    }
  })

/** Until so many events are acknowledged. */
export const written = (count: () => number, events: number): Effect.Effect<void, Stalled> =>
  whileGrowing({
    done: () => count() >= events,
    count,
    patience: 90_000,
    what: `acknowledged events, ${events} of them`
  })

/** Until the writers' backends are gone: what a dead writer has left to Postgres is stored by then, or never. */
export const writersGone = (sql: PgClient.PgClient) =>
  sql<{ readonly backends: number }>`SELECT count(*)::integer AS backends FROM pg_stat_activity
    WHERE application_name ~ '^chaos (writer|cut off)'`.pipe(
    Effect.repeat({ until: ([row]) => row?.backends === 0, schedule: Schedule.spaced("100 millis") }),
    Effect.timeoutFail({
      duration: "60 seconds",
      onTimeout: () => new Stalled({ message: "backends of writers that are gone are still there" })
    })
  )

/**
 * Until every reader has come to the end of every partition; one that does not come any further is left where it is, for
 * the checker to tell what it has missed.
 */
export const caughtUp = (views: ReadonlyArray<View>, heads: ReadonlyMap<number, number>): Effect.Effect<void> =>
  whileGrowing({
    done: () => views.every((view) => [...heads].every(([partition, head]) => view.positionOf(partition) >= head)),
    count: () => views.reduce((sum, { counts }) => sum + counts.events, 0),
    patience: 30_000,
    what: "events at the readers"
  }).pipe(
    Effect.ignore,
    // time for what comes a second time
    Effect.zipRight(Effect.sleep("2 seconds"))
  )
