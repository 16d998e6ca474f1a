/** How statements are run. */
import { SqlClient, type SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect } from "effect"
import { answerWithin } from "./answer.js"

/** Without the transaction of a caller: the client finds it in the context of the fiber that runs the statement. */
const withoutTransaction = <R>(context: Context.Context<R>): Context.Context<R> =>
  Context.omit(SqlClient.TransactionConnection)(
    context as Context.Context<R | SqlClient.TransactionConnection>
  ) as Context.Context<R>

/** Longer than any statement of the library takes on a server that is well. */
export const patience = Duration.seconds(30)

/**
 * Runs one statement on a connection from the pool, as a transaction of its own, whatever transaction the caller is in.
 * Names and JSON are not transformed, whatever the client is set to.
 */
export const query =
  (sql: PgClient.PgClient) =>
  <A extends object>(
    statement: string,
    parameters: ReadonlyArray<unknown> = []
  ): Effect.Effect<ReadonlyArray<A>, SqlError.SqlError> =>
    sql
      .unsafe<A>(statement, [...parameters])
      .withoutTransform.pipe(Effect.mapInputContext(withoutTransaction<never>), answerWithin(patience))
