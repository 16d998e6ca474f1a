/**
 * Consumers' offsets in a table of Postgres, `consumer_offset`. Views keep theirs in it as well.
 *
 * A commit is one call of a function, a transaction of its own: it locks the process's fence, which no newer run can
 * take before the commit has ended, and moves the offset where it still is the expected one. Otherwise nothing happens.
 *
 * @since 0.1.0
 */
import { type Offset, OffsetStore, ProcessContext } from "@aecor/core"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { grants as grantsOf } from "./internal/grants.js"
import * as offsetSql from "./internal/offsetSql.js"
import { query } from "./internal/query.js"
import { detail, reasonOf, sqlState } from "./internal/sqlState.js"
import * as PgMigrations from "./PgMigrations.js"

/**
 * The migrations of the table and its function. They come after `PgProcessLease.migrations`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations: PgMigrations.Migrations = PgMigrations.make("PgOffsetStore", [
  PgMigrations.step("table", offsetSql.table),
  PgMigrations.step("commit", offsetSql.commit)
])

/**
 * What a node's role needs for its consumers' offsets, as SQL for the owner of the table to run. It commits under a
 * fence: it needs what `PgProcessLease.grants` gives as well. Throws a `RangeError` when the role's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = (role: string): string => grantsOf(role, offsetSql.rights)

const storeError = (cause: SqlError.SqlError): OffsetStore.OffsetStoreError =>
  new OffsetStore.OffsetStoreError({ description: `the offset store failed: ${reasonOf(cause)}`, cause })

/** What a refused commit means. */
const commitError =
  ({ consumer, expected, fence }: OffsetStore.Commit) =>
  (cause: SqlError.SqlError) => {
    const state = sqlState(cause)
    if (state === offsetSql.notNewest) return ProcessContext.fenced(fence)
    if (state !== offsetSql.notExpected) return storeError(cause)
    return new OffsetStore.OffsetConflict({ consumer, expected, actual: Number(detail(cause) ?? 0) })
  }

/**
 * The offsets of the database that the client is connected to. The table comes from `migrations`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<OffsetStore.OffsetStore, never, PgClient.PgClient> = Layer.effect(
  OffsetStore.OffsetStore,
  Effect.map(PgClient.PgClient, (client) => {
    const run = query(client)
    return {
      get: Effect.fn("PgOffsetStore.get")(function* (consumer) {
        const [row] = yield* run<{ readonly found: string }>(
          `SELECT ${offsetSql.offsetOf(1)} AS found`,
          offsetSql.consumerParameters(consumer)
        )
        return Number(row?.found ?? 0) satisfies Offset.Offset
      }, Effect.mapError(storeError)),
      commit: Effect.fn("PgOffsetStore.commit")(function* (commit) {
        yield* Effect.mapError(
          run(`SELECT ${offsetSql.commitCall}`, offsetSql.commitParameters(commit)),
          commitError(commit)
        )
      })
    }
  })
)
