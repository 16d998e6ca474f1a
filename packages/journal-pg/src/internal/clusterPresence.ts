/**
 * How a runner comes, and comes back.
 *
 * It comes without beats: what a predecessor at the same address left would have it declared dead before it could
 * announce itself.
 *
 * It comes back when it was declared dead and finds that it lives (it was frozen, or cut off for a while). Nobody else
 * could tell: it announces itself only after it has reached itself through sharding, and a runner declared dead owns no
 * shards. So it takes the verdict back, and has the time of one beat to announce itself; if it does not, it is declared
 * dead again, and waits before the next attempt.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"

/** How often a runner looks whether it was declared dead, and how long it waits after coming back. */
const interval = "1 second"
const pause = "10 seconds"

export const layer = (runner: string): Layer.Layer<never, SqlError, PgClient.PgClient> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const sql = (yield* PgClient.PgClient).withoutTransforms()
      yield* sql`DELETE FROM runner_beat WHERE runner = ${runner}`

      const comeBack = sql`
        WITH back AS (
          UPDATE cluster_runners SET healthy = true WHERE address = ${runner} AND NOT healthy RETURNING address
        ), beat AS (
          UPDATE runner_beat SET beat_at = clock_timestamp(), deployments = '{}' FROM back WHERE runner = address
        )
        SELECT FROM back`.pipe(
        Effect.map((rows) => rows.length > 0),
        Effect.timeout("2 seconds"),
        Effect.catchAll((error) => Effect.as(Effect.logDebug("the runner could not look after itself", error), false)),
        Effect.withTracerEnabled(false)
      )
      const watch = Effect.flatMap(comeBack, (wasDead) =>
        wasDead
          ? Effect.zipRight(Effect.logWarning(`runner ${runner} was declared dead and comes back`), Effect.sleep(pause))
          : Effect.void
      )
      yield* Effect.forkScoped(Effect.forever(Effect.delay(watch, interval)))
    })
  )
