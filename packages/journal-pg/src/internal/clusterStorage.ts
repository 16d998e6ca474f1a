/**
 * Where the cluster keeps its messages, runners and locks: its own tables, through connections of its own.
 *
 * The cluster library creates its tables when its storages are made, and fails when two runners do so at once. So they
 * are made under an advisory lock, one runner after the other; it takes some milliseconds.
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
import { Effect, Layer } from "effect"

/** The lock of whoever creates the cluster's tables: any number, but for ever the same. */
const creation = 5_206_180_117

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
      yield* Effect.acquireReleaseInterruptible(connection.executeRaw("SELECT pg_advisory_lock($1)", [creation]), () =>
        Effect.ignoreLogged(connection.executeRaw("SELECT pg_advisory_unlock($1)", [creation]))
      )
      return yield* Layer.buildWithScope(storages, scope)
    })
    return yield* Effect.scoped(made)
  })
)
