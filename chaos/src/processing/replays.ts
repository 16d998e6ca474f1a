/**
 * An operator who replays a view in place, again and again, while everything is being killed: each time a row has been
 * edited before, which only a fold from the first event mends. A replay that a fault cuts off is followed by another.
 */
import type { ProcessLease } from "@aecor/core"
import { PgProcessLease } from "@aecor/journal-pg"
import { Replay } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Option, Schedule } from "effect"
import { say } from "../run/screen.js"
import { journalLayer, type NumbersJournal, type ReplayedView, replayedProjection, viewLayer } from "./numbers.js"

const interval = "6 seconds"
/** How long the processes are given to stop: a node that is frozen does not. */
const patience = "3 seconds"
const lastPatience = Duration.minutes(2)

interface Replays {
  /** Those that went through, and those that did not. */
  done: number
  cutOff: number
  /** Rows that they have replaced: those that were edited, and those that lagged behind. */
  replaced: number
}

/** What an operator's program needs, past the nodes' wires. */
export const layer = (sql: PgClient.PgClient) =>
  Layer.mergeAll(journalLayer({ pooled: false }), viewLayer({ pooled: false }), PgProcessLease.layer).pipe(
    Layer.provide(Layer.succeed(PgClient.PgClient, sql))
  )

export const make = (sql: PgClient.PgClient) => {
  const counts: Replays = { done: 0, cutOff: 0, replaced: 0 }

  const edit = sql`UPDATE chaos_replayed_view SET trail = 'edited'
    WHERE key = (SELECT key FROM chaos_replayed_view ORDER BY random() LIMIT 1)`
  const replay = Replay.inPlace(replayedProjection, "all", { patience }).pipe(
    Effect.tap(({ changed }) =>
      Effect.sync(() => {
        counts.done += 1
        counts.replaced += changed
      })
    )
  )
  /** Whether it went through. */
  const attempt: Effect.Effect<boolean, never, NumbersJournal | ReplayedView | ProcessLease.ProcessLease> =
    Effect.zipRight(edit, replay).pipe(
      Effect.as(true),
      Effect.catchAll((error) =>
        Effect.as(
          Effect.zipRight(
            Effect.sync(() => void (counts.cutOff += 1)),
            say(`  a replay was cut off: ${error.message}`)
          ),
          false
        )
      )
    )
  return {
    counts,
    /** For ever; to be interrupted. */
    forever: Effect.forever(Effect.zipRight(Effect.sleep(interval), attempt)),
    /** One more when the faults are over: it mends what the ones before have left. */
    last: attempt.pipe(
      Effect.repeat({ until: (done) => done, schedule: Schedule.spaced("1 second") }),
      Effect.timeoutOption(lastPatience),
      Effect.map(Option.isSome)
    )
  }
}
