/**
 * Process leases in Postgres: which runner runs which process, by the server's clock.
 *
 * A row of `process_lease` holds a process's wish and fact, a row of `process_fence` the newest epoch and its token.
 * Fenced writes lock the second (`aecor_guard`), beats update the first, so neither holds up the other.
 *
 * Guarantees: every operation takes effect wholly or not at all; of two claims at most one holds; once a claim has
 * answered, no transaction of an older epoch can commit a guarded write. For that a claim waits half a second for
 * transactions that hold the fence, and then ends their connections. Not guaranteed: that an operation that failed
 * changed nothing. A lost connection leaves it in doubt; every operation may be repeated.
 *
 * @since 0.1.0
 */
import { ProcessLease } from "@aecor/core"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer } from "effect"
import { grants as grantsOf } from "./internal/grants.js"
import * as OwnPool from "./internal/ownPool.js"
import * as operations from "./internal/processLease.js"
import { shapes } from "./internal/deploymentShapeSql.js"
import { suspensions } from "./internal/deploymentSuspensionSql.js"
import * as definitions from "./internal/processLeaseSql.js"
import * as PgMigrations from "./PgMigrations.js"

/**
 * The tables `process_lease`, `process_fence`, `deployment`, `runner_beat` and `deployment_coordinator`, and the
 * functions that change more than one of them. Among these is the guard of whoever writes under a fence:
 * `aecor_guard(deployment, index, epoch, token)`, called in the write's own transaction, refuses it with SQLSTATE
 * `AE001` where a newer epoch exists, and keeps one from coming about until the transaction ends.
 *
 * @since 0.1.0
 * @category layers
 */
export const migrations: PgMigrations.Migrations = PgMigrations.make("PgProcessLease", [
  PgMigrations.step("tables", definitions.tables),
  PgMigrations.step("functions", definitions.functions),
  PgMigrations.step("steering", definitions.steering),
  PgMigrations.step("shapes", shapes),
  PgMigrations.step("suspensions", suspensions)
])

/**
 * What a node's role needs for process leases and fenced writes, as SQL for the owner of the tables to run. Throws a
 * `RangeError` when the role's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = (role: string): string => grantsOf(role, definitions.rights)

/** Enough for what a runner does while two claims wait on one connection each and end what is in their way from another. */
const connections = 5

/** For beats and announcements alone: what is late with them is taken for dead, so they stand in line behind nothing. */
const beating = 2

/**
 * The leases of the database that the client is connected to, through a few connections of their own (7 at the most, of
 * which 2 are for the beats alone). The tables come from `migrations`.
 *
 * Ending a connection needs the right to: the runners share one role, or theirs is a member of `pg_signal_backend`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ProcessLease.ProcessLease, SqlError, PgClient.PgClient> = Layer.scoped(
  ProcessLease.ProcessLease,
  Effect.gen(function* () {
    const client = yield* pool("leases", connections)
    return operations.make(client, yield* pool("beats", beating))
  })
)

const pool = (purpose: "leases" | "beats", size: number) =>
  Effect.map(Layer.build(OwnPool.layer(purpose, size)), Context.get(PgClient.PgClient))
