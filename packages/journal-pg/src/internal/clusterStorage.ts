/**
 * Where the cluster keeps its messages, runners and locks: its own tables, through connections of its own.
 *
 * The cluster library creates its tables when its storages are made, and fails when two runners do so at once. So they
 * are made under an advisory lock, one runner after the other; it takes some milliseconds. The lock is asked for again
 * and again, and its connection kept busy: the pool gives up one that is silent for long.
 */
import {
  type MessageStorage,
  type RunnerStorage,
  type ShardingConfig,
  SqlMessageStorage,
  SqlRunnerStorage
} from "@effect/cluster"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schedule } from "effect"

/** The lock of whoever creates the cluster's tables: any number, but for ever the same. */
export const creation = 5_206_180_117

/** How often a runner asks for the lock that another holds, and says a word on the connection that holds it. */
const askInterval = "50 millis"
const wordInterval = "1 second"

const storages = Layer.merge(SqlMessageStorage.layer, SqlRunnerStorage.layer)

/**
 * The storages of messages and runners. The library takes a failure while it creates its tables for a defect; nothing
 * could run then, so it stays one, and the runner does not start.
 */
export const layer: Layer.Layer<
  MessageStorage.MessageStorage | RunnerStorage.RunnerStorage,
  SqlError,
  PgClient.PgClient | SqlClient | ShardingConfig.ShardingConfig
> = Layer.scopedContext(
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const scope = yield* Effect.scope
    const made = Effect.gen(function* () {
      const connection = yield* sql.reserve
      const ask = connection.executeValues("SELECT pg_try_advisory_lock($1)", [creation])
      const locked = Effect.repeat(ask, { until: ([row]) => row?.[0] === true, schedule: Schedule.spaced(askInterval) })
      yield* Effect.acquireReleaseInterruptible(locked, () =>
        Effect.ignoreLogged(connection.executeRaw("SELECT pg_advisory_unlock($1)", [creation]))
      )
      // not interrupted: that would cancel whatever the connection does next
      const word = Effect.uninterruptible(connection.executeRaw("SELECT 1", []))
      yield* Effect.forkScoped(Effect.repeat(word, Schedule.spaced(wordInterval)))
      return yield* Layer.buildWithScope(storages, scope)
    })
    return yield* Effect.scoped(made)
  })
)
