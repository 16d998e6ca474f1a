/** A process that looks at timers, as one that fires them does at rest. */
import { PgMigrations, PgProcessLease, PgTimers } from "@aecor/journal-pg"
import { Timers } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { Array, Effect, Layer, Redacted } from "effect"
import * as Clock from "../../journal/Clock.js"
import { serve } from "../../run/Worker.js"

interface Task {
  readonly url: string
  /** How many timers are pending, all of them due in a month or later. */
  readonly pending: number
  readonly looks: number
}

const share: Timers.Share = { name: "Reminders", slots: Array.range(0, Timers.slots - 1) }

/** The server's own figures of the table and its indexes, with what this connection has done. */
const buffers = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  yield* sql`SELECT pg_stat_force_next_flush()`
  const [row] = yield* sql<{ readonly blocks: number }>`SELECT (coalesce(heap_blks_read, 0) + coalesce(heap_blks_hit, 0)
    + coalesce(idx_blks_read, 0) + coalesce(idx_blks_hit, 0))::float8 AS blocks
    FROM pg_statio_user_tables WHERE relname = 'durable_timer'`
  return row?.blocks ?? Number.NaN
})

const fill = (pending: number) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    yield* PgMigrations.run([PgProcessLease.migrations, PgTimers.migrations])
    yield* sql`INSERT INTO durable_timer (name, id, slot, due, payload, metadata)
      SELECT ${share.name}, 'timer-' || n, n % ${Timers.slots}::integer,
        clock_timestamp() + interval '30 days' + n * interval '1 second', 'null', '{}'
      FROM generate_series(1, ${pending}::integer) n`
    yield* sql`VACUUM ANALYZE durable_timer`
  })

const tasks = {
  /** Fills the table, and looks; gives the milliseconds of each look, and the buffers that one touched. */
  look: ({ looks, pending, url }: Task) =>
    Effect.gen(function* () {
      yield* fill(pending)
      const timers = yield* Timers.Timers
      const look = timers.untilDue(share)
      for (let n = 0; n < 20; n++) yield* look
      const before = yield* buffers
      const ms: globalThis.Array<number> = []
      for (let n = 0; n < looks; n++) {
        const since = Clock.now()
        yield* look
        ms.push(Clock.now() - since)
      }
      return { pending, ms, buffers: ((yield* buffers) - before) / looks }
    }).pipe(
      Effect.provide(
        PgTimers.layer.pipe(
          Layer.provideMerge(PgClient.layer({ url: Redacted.make(url), maxConnections: 1, applicationName: "bench" }))
        )
      ),
      Effect.runPromise
    )
}

export type Looking = typeof tasks

serve(tasks)
