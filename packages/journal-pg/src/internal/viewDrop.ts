/** Dropping what a version of a view has stored, in one transaction, unless it serves or runs. */
import { ViewAliases } from "@aecor/projection"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Data, Effect } from "effect"
import { tableName } from "./identifier.js"
import { queryWithin } from "./query.js"
import { reasonOf } from "./sqlState.js"
import { transaction } from "./transaction.js"
import * as aliasSql from "./viewAliasSql.js"

export class DropRefused extends Data.TaggedError("DropRefused")<{
  readonly alias: string
  readonly version: string
  readonly reason: "Serves" | "Runs"
}> {
  override get message(): string {
    const { alias, reason, version } = this
    return reason === "Serves"
      ? `view alias ${alias}: ${version} serves: swap another version in its place first`
      : `view alias ${alias}: the processes of ${version} run, or are to run: stop them first`
  }
}

export const drop = Effect.fn("PgViewAliases.drop")(function* (
  alias: string,
  asked: { readonly version: string; readonly initial: string; readonly table: string }
): Effect.fn.Return<
  { readonly version: string; readonly rows: number },
  DropRefused | ViewAliases.ViewAliasError,
  PgClient.PgClient
> {
  const { initial, version } = asked
  const table = tableName(asked.table)
  const client = yield* PgClient.PgClient
  const run = queryWithin(client)
  const refuse = (reason: "Serves" | "Runs") => new DropRefused({ alias, version, reason })
  const refuseRunning = Effect.filterOrFail(
    run(aliasSql.running, [version]),
    (found) => found.length === 0,
    () => refuse("Runs")
  )
  const dropped = Effect.gen(function* () {
    const [served] = yield* run<{ readonly version: string }>(aliasSql.lockServing, [alias, initial])
    if (served?.version === version) return yield* refuse("Serves")
    yield* refuseRunning
    const fences = yield* run<{ readonly answer: string }>(aliasSql.fenced, [version])
    // a copy is within a commit
    if (fences.some(({ answer }) => answer !== "Revoked")) return yield* refuse("Runs")
    // who has let it run meanwhile is noticed behind the locks
    yield* refuseRunning
    for (const statement of aliasSql.forget) yield* run(statement, [version])
    yield* run(aliasSql.forgetTombstones, [table.text])
    const [gone] = yield* run<{ readonly rows: string }>(aliasSql.empty(table.text))
    return { version, rows: Number(gone?.rows ?? 0) }
  })
  const failed = (cause: SqlError.SqlError) =>
    new ViewAliases.ViewAliasError({ alias, description: reasonOf(cause), cause })
  return yield* Effect.catchTag(transaction(client)(dropped), "SqlError", failed)
})
