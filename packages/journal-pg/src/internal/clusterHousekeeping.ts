/**
 * What runners leave behind that never come again, as those do whose addresses are given anew with each start: their
 * registrations, beats and locks, and the messages to processes that ran there. And what is left of messages that were
 * done with long ago: a process's generation is never sent twice.
 *
 * Every runner sweeps when it comes and then every few minutes; one does at a time. Who was away for longer than it takes
 * to be swept away comes back as a new one: it registers itself where it finds that it is not registered.
 */
import { PgClient } from "@effect/sql-pg"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer, Schedule } from "effect"

/** How often a runner sweeps, and for how long nothing may have been heard of what is swept away. */
const interval = "5 minutes"
const age = "interval '10 minutes'"

/** Any number, but for ever the same: the library's own, and that of its housekeeping. */
const lock = "(1634034546, 1)"

/** The messages to processes; their addresses end in the runner. */
const messages = `cluster_messages message WHERE message.entity_type = 'aecor/Process' AND (
    message.processed AND message.last_read < localtimestamp - ${age}
    OR NOT EXISTS (SELECT FROM cluster_runners WHERE address = substring(message.entity_id FROM '[^@]*$'))
    AND NOT EXISTS (SELECT FROM runner_beat WHERE runner = substring(message.entity_id FROM '[^@]*$'))
  )`

/** What another runner deals with at the moment is left to it: two that wait for each other would both have to give up. */
const untouched = (table: string, key: string, where: string) =>
  `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${where} FOR UPDATE SKIP LOCKED)`

/** One statement after the other: what is gone from the first tables decides what goes from the others. */
const statements = [
  `DELETE FROM runner_beat WHERE beat_at < clock_timestamp() - ${age}`,
  untouched("cluster_runners", "address", `last_heartbeat < localtimestamp - ${age}`),
  untouched("cluster_locks", "shard_id", `acquired_at < localtimestamp - ${age}`),
  `DELETE FROM cluster_replies WHERE request_id IN (SELECT message.request_id FROM ${messages})`,
  `DELETE FROM ${messages}`
]

export const sweep: Effect.Effect<void, SqlError, PgClient.PgClient> = Effect.gen(function* () {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const [row] = yield* sql.unsafe<{ readonly mine: boolean }>(`SELECT pg_try_advisory_xact_lock${lock} AS mine`)
  if (row?.mine !== true) return
  yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
}).pipe((body) => Effect.flatMap(PgClient.PgClient, (client) => client.withTransaction(body)))

export const layer: Layer.Layer<never, never, PgClient.PgClient> = Layer.scopedDiscard(
  sweep.pipe(
    Effect.catchAllCause((cause) =>
      Effect.logDebug("what dead runners have left behind could not be swept away", cause)
    ),
    Effect.withTracerEnabled(false),
    Effect.repeat(Schedule.jittered(Schedule.spaced(interval))),
    Effect.forkScoped
  )
)
