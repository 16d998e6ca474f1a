/** The table that knows which migrations have run, and the lock that lets one node run them. */
import type { SqlClient, SqlError } from "@effect/sql"
import { Effect } from "effect"

/** A transaction's advisory lock. The first number is the library's own; no other lock of it has 0 as the second. */
const lock = "SELECT pg_advisory_xact_lock(1634034546, 0)"

/** Creating a table that exists asks for the right to create one: a role without it starts where nothing is missing. */
const exists = "SELECT to_regclass('aecor_migration') IS NOT NULL AS found"

const create = `
CREATE TABLE aecor_migration (
  module text NOT NULL,
  step integer NOT NULL,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (module, step)
)`

/** Takes the lock for the transaction, and makes the ledger where there is none. */
export const open = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  // what is read after waiting for the lock must be what its last holder left
  yield* sql.unsafe("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
  yield* sql.unsafe(lock)
  const [row] = yield* sql.unsafe<{ readonly found: boolean }>(exists)
  if (row?.found !== true) yield* sql.unsafe(create)
})

/** The names of a module's steps that have run, by number. */
export const read = (sql: SqlClient.SqlClient, module: string): Effect.Effect<Map<number, string>, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<{ readonly step: number; readonly name: string }>(
      "SELECT step, name FROM aecor_migration WHERE module = $1 ORDER BY step",
      [module]
    ),
    (rows) => new Map(rows.map(({ name, step }) => [step, name]))
  )

export const record = (sql: SqlClient.SqlClient, module: string, step: number, name: string) =>
  sql.unsafe("INSERT INTO aecor_migration (module, step, name) VALUES ($1, $2, $3)", [module, step, name])
