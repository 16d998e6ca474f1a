/** How statements are run. */
import { SqlClient, type SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect } from "effect"
import { answerWithin } from "./answer.js"
import { asText, type Statement } from "./statement.js"

/** Without the transaction of a caller: the client finds it in the context of the fiber that runs the statement. */
const withoutTransaction = <R>(context: Context.Context<R>): Context.Context<R> =>
  Context.omit(SqlClient.TransactionConnection)(
    context as Context.Context<R | SqlClient.TransactionConnection>
  ) as Context.Context<R>

/** Longer than any statement of the library takes on a server that is well. */
export const patience = Duration.seconds(30)

/**
 * Runs one statement, as part of the transaction that the caller is in, or on a connection from the pool. Names and JSON are
 * not transformed, whatever the client is set to.
 */
export const queryWithin =
  (sql: PgClient.PgClient) =>
  <A extends object>(
    statement: string,
    parameters: ReadonlyArray<unknown> = []
  ): Effect.Effect<ReadonlyArray<A>, SqlError.SqlError> =>
    sql.unsafe<A>(statement, [...parameters]).withoutTransform.pipe(answerWithin(patience))

/** As `queryWithin`, as a transaction of its own, whatever transaction the caller is in. */
export const query = (sql: PgClient.PgClient): ReturnType<typeof queryWithin> => {
  const run = queryWithin(sql)
  return <A extends object>(statement: string, parameters?: ReadonlyArray<unknown>) =>
    Effect.mapInputContext(run<A>(statement, parameters), withoutTransaction<never>)
}

/** A row as an array, of whatever its statement selects. */
export type Rows = <A extends ReadonlyArray<string | null>>(
  statement: Statement,
  values: ReadonlyArray<unknown>
) => Effect.Effect<ReadonlyArray<A>, SqlError.SqlError>

/**
 * As `query`, for what runs often: the statement is named, unless names are not to be used, and its rows are arrays of
 * texts.
 */
export const rows =
  (sql: PgClient.PgClient, named: boolean, within: Duration.DurationInput = patience): Rows =>
  <A extends ReadonlyArray<string | null>>({ name, text }: Statement, values: ReadonlyArray<unknown>) =>
    Effect.scoped(
      // an interrupted reservation would lose its connection when it comes
      Effect.flatMap(Effect.uninterruptible(sql.reserve), (connection) =>
        // what a statement selects is known to who wrote it
        Effect.map(
          connection.execute(asText({ ...(named ? { name } : {}), text, rowMode: "array" }), values, undefined),
          (found) => found as ReadonlyArray<A>
        )
      )
    ).pipe(answerWithin(within))
