/**
 * How the tables come to be: numbered steps, kept by module, run once a database by a layer of their own.
 *
 * Any number of nodes may start at once on one database: one runs what is missing, the others wait for it and find
 * nothing left to do. All that is missing is one transaction: a step that fails leaves the database as it was.
 *
 * Steps are appended and never edited: the ledger (`aecor_migration`) knows them by number and name, and refuses a list
 * in which a step that has run is called something else. Steps that it knows and the list does not are a newer
 * version's, and are left alone, so that an older node can still start during a rolling deploy.
 *
 * @since 0.1.0
 */
import { SqlClient, type SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Data, Effect, Layer } from "effect"
import { grants as grantsOf } from "./internal/grants.js"
import * as ledger from "./internal/migrationLedger.js"
import * as OwnPool from "./internal/ownPool.js"
import { reasonOf } from "./internal/sqlState.js"
import { transaction } from "./internal/transaction.js"

/**
 * One step. It runs in the transaction of all steps: what cannot (`CREATE INDEX CONCURRENTLY`, `VACUUM`) has no place
 * here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  readonly name: string
  readonly run: Effect.Effect<unknown, SqlError.SqlError, SqlClient.SqlClient>
}

/**
 * The steps of one module, in order; a step's number is its place, from 1.
 *
 * @since 0.1.0
 * @category models
 */
export interface Migrations {
  readonly module: string
  readonly steps: ReadonlyArray<Step>
}

/**
 * The migrations could not be run; none of them has been.
 *
 * - `Failed`: the database refused a step, or did not answer.
 * - `Changed`: a step that has run is called something else in the list.
 * - `Duplicate`: two modules of the list have the same name.
 *
 * @since 0.1.0
 * @category errors
 */
export class MigrationError extends Data.TaggedError("MigrationError")<{
  readonly reason: "Failed" | "Changed" | "Duplicate"
  readonly module: string
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `migrations of ${this.module}: ${this.description}`
  }
}

/**
 * The migrations of a module. Its name identifies it in the database for ever.
 *
 * @example
 * ```ts
 * PgMigrations.make("bookings", [
 *   { name: "table", run: Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE TABLE bookings (…)`) }
 * ])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (module: string, steps: ReadonlyArray<Step>): Migrations => ({ module, steps })

/**
 * A step that is one text of SQL, of one or more statements.
 *
 * @since 0.1.0
 * @category constructors
 */
export const step = (name: string, text: string): Step => ({
  name,
  run: Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(text))
})

/**
 * What a role needs to find that no migration is missing, as SQL for the ledger's owner to run: a node that has it can
 * start with the layer of its migrations, once the owner of the tables has run them. Throws a `RangeError` when the
 * role's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = (role: string): string => grantsOf(role, [["SELECT", "aecor_migration"]])

/** What the ledger says of a module, compared with its steps: those still to run, or the step that was changed. */
const missing = Effect.fnUntraced(function* ({ module, steps }: Migrations, sql: SqlClient.SqlClient) {
  const done = yield* ledger.read(sql, module)
  for (const [number, name] of done) {
    const listed = steps[number - 1]
    if (listed !== undefined && listed.name !== name) {
      const description = `step ${number} ran as ${JSON.stringify(name)}, and is ${JSON.stringify(listed.name)} now`
      return yield* new MigrationError({ reason: "Changed", module, description })
    }
  }
  return steps.map(({ name, run }, i) => ({ name, run, number: i + 1 })).filter(({ number }) => !done.has(number))
})

const runModule = Effect.fnUntraced(function* (migrations: Migrations, sql: SqlClient.SqlClient) {
  const { module } = migrations
  const failed = (description: string) => (cause: SqlError.SqlError) => migrationFailed(module, description, cause)
  const steps = yield* missing(migrations, sql).pipe(
    Effect.catchTag("SqlError", (cause) => failed("the ledger does not answer")(cause))
  )
  for (const { name, number, run } of steps) {
    yield* Effect.zipRight(run, ledger.record(sql, module, number, name)).pipe(
      Effect.provideService(SqlClient.SqlClient, sql),
      Effect.mapError(failed(`step ${number}, ${JSON.stringify(name)}, fails`))
    )
    yield* Effect.logDebug(`ran step ${number} (${name}) of ${module}`)
  }
})

/**
 * Runs what is missing of the modules, in their order; a later one may rely on an earlier one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = (modules: ReadonlyArray<Migrations>): Effect.Effect<void, MigrationError, PgClient.PgClient> =>
  Effect.gen(function* () {
    const names = modules.map(({ module }) => module)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) {
      return yield* new MigrationError({ reason: "Duplicate", module: twice, description: "it is listed twice" })
    }
    const ledgerFailed = (cause: SqlError.SqlError) => migrationFailed("the ledger", "the database refuses", cause)
    const given = yield* PgClient.PgClient
    const client = yield* Effect.mapError(OwnPool.unhurried(given, "migrations"), ledgerFailed)
    const sql = client.withoutTransforms()
    const all = Effect.zipRight(
      ledger.open(sql),
      Effect.forEach(modules, (migrations) => runModule(migrations, sql), { discard: true })
    )
    yield* Effect.catchTag(transaction(sql)(all), "SqlError", ledgerFailed)
  }).pipe(Effect.scoped, Effect.withSpan("PgMigrations.run"))

const migrationFailed = (module: string, description: string, cause: SqlError.SqlError): MigrationError =>
  new MigrationError({ reason: "Failed", module, description: `${description}: ${reasonOf(cause)}`, cause })

/**
 * The layer that runs the migrations. Provide it to the layers that need the tables.
 *
 * @example
 * ```ts
 * PgMigrations.layer([
 *   PgProcessLease.migrations,
 *   PgOffsetStore.migrations,
 *   PgJournal.migrations({ table: "booking_event" }),
 *   bookingsTable
 * ])
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (modules: ReadonlyArray<Migrations>): Layer.Layer<never, MigrationError, PgClient.PgClient> =>
  Layer.effectDiscard(run(modules))
