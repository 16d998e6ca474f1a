/**
 * Consumers' offsets in a table of Postgres, `consumer_offset`, and what they have set aside in `consumer_quarantine`.
 * Views keep theirs in them as well.
 *
 * A commit is one call of a function, a transaction of its own: it locks the process's fence, which no newer run can
 * take before the commit has ended, and moves the offset where it still is the expected one. Otherwise nothing happens.
 *
 * @since 0.1.0
 */
import { type Offset, OffsetStore, ProcessContext } from "@aecor/core"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option } from "effect"
import { grants as grantsOf } from "./internal/grants.js"
import * as offsetSql from "./internal/offsetSql.js"
import { query } from "./internal/query.js"
import * as quarantineSql from "./internal/quarantineSql.js"
import { detail, reasonOf, sqlState } from "./internal/sqlState.js"
import * as viewSql from "./internal/viewSql.js"
import * as PgMigrations from "./PgMigrations.js"

/**
 * The migrations of the tables and their functions. They come after `PgProcessLease.migrations`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations: PgMigrations.Migrations = PgMigrations.make("PgOffsetStore", [
  PgMigrations.step("table", offsetSql.table),
  PgMigrations.step("commit", offsetSql.commit),
  PgMigrations.step("quarantine", quarantineSql.table + quarantineSql.commit + quarantineSql.settle),
  PgMigrations.step("view tombstones", viewSql.tombstones)
])

/**
 * What a node's role needs for its consumers' offsets, as SQL for the owner of the table to run. It commits under a
 * fence: it needs what `PgProcessLease.grants` gives as well. Throws a `RangeError` when the role's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = (role: string): string =>
  grantsOf(role, [...offsetSql.rights, ...quarantineSql.rights, ...viewSql.rights])

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
        const parameters = offsetSql.commitParameters(commit)
        const committed =
          commit.quarantine === undefined
            ? run(`SELECT ${offsetSql.commitCall}`, parameters)
            : run(`SELECT ${quarantineSql.commitCall(10, 11, 12)}`, [
                ...parameters,
                "",
                ...quarantineSql.changes(commit.quarantine)
              ])
        yield* Effect.mapError(committed, commitError(commit))
      }),
      advancedAt: Effect.fn("PgOffsetStore.advancedAt")(function* (consumer) {
        const [row] = yield* run<{ readonly at: string }>(offsetSql.advancedAt, offsetSql.consumerParameters(consumer))
        return Option.map(Option.fromNullable(row), ({ at }) => Number(at))
      }, Effect.mapError(storeError)),
      quarantined: Effect.fn("PgOffsetStore.quarantined")(function* (name) {
        return (yield* run<quarantineSql.Row>(quarantineSql.ofConsumer, [name])).map(quarantineSql.fromRow)
      }, Effect.mapError(storeError)),
      settle: Effect.fn("PgOffsetStore.settle")(function* (attempt) {
        const settled = `SELECT ${quarantineSql.settleCall} AS outcome`
        const [row] = yield* run<quarantineSql.Settled>(settled, quarantineSql.settleParameters(attempt))
        return row?.outcome ?? "Gone"
      }, Effect.mapError(storeError))
    }
  })
)
