/**
 * The fence around a process's own writes to Postgres.
 *
 * Views and offsets are fenced by their stores. Whatever else a process writes goes through `guard`, or a run that was
 * taken for dead may write after its successor has begun: a frozen node does not know that it is one.
 *
 * Guarantees: the write is stored wholly or not at all, and only while no newer run of the process exists; from the
 * moment that a newer run has begun, nothing of an older one is stored. Not guaranteed: anything about what the write
 * does outside the transaction.
 *
 * @since 0.1.0
 */
import { ProcessContext } from "@aecor/core"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { notNewest } from "./internal/offsetSql.js"
import { sqlState } from "./internal/sqlState.js"
import { transaction } from "./internal/transaction.js"

/**
 * Runs a write in a transaction that refuses it with `Fenced` where a newer run of the process exists, and keeps one
 * from beginning until the transaction has ended. It fails with an `SqlError` where the database refused or did not
 * answer; then the write may have been stored, as after any lost connection.
 *
 * Keep it short: a new run waits half a second for such transactions and then ends their connections, and the server
 * ends one that idles for 2 s (or as the session's `idle_in_transaction_session_timeout` says). A process that lets
 * `Fenced` end its run is right: a newer one exists.
 *
 * @example
 * ```ts
 * const count = PgFence.guard(sql`UPDATE counter SET value = value + 1 WHERE name = 'seen'`)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const guard = <A, E, R>(
  write: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ProcessContext.Fenced | SqlError, R | ProcessContext.ProcessContext | PgClient.PgClient> =>
  Effect.gen(function* () {
    const fence = yield* ProcessContext.ProcessContext
    const client = yield* PgClient.PgClient
    const { deployment, epoch, index, token } = fence
    const check = client`SELECT aecor_guard(${deployment}, ${index}, ${epoch}, ${token})`.withoutTransform.pipe(
      Effect.mapError((error) => (sqlState(error) === notNewest ? ProcessContext.fenced(fence) : error))
    )
    return yield* transaction(client)(Effect.zipRight(check, write))
  }).pipe(Effect.withSpan("PgFence.guard"))
