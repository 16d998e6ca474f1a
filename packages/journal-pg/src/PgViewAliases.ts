/**
 * Which version of a view serves, in a table of Postgres, `view_alias`.
 *
 * A swap is one call of a function, a transaction of its own: it locks the offsets of the version that serves, and its
 * quarantine, waits until the next one has caught up with them, and moves the alias. Queries are never held up by it; the
 * commits of the version of before are, until it has ended.
 *
 * @since 0.1.0
 */
import { ViewAliases } from "@aecor/projection"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Option, Schema } from "effect"
import { grants as grantsOf } from "./internal/grants.js"
import { identifier, tableName } from "./internal/identifier.js"
import { query } from "./internal/query.js"
import { reasonOf } from "./internal/sqlState.js"
import { fromStorable } from "./internal/storableText.js"
import * as Drop from "./internal/viewDrop.js"
import * as aliasSql from "./internal/viewAliasSql.js"
import * as PgMigrations from "./PgMigrations.js"

/**
 * The migrations of the table and its function. They come after `PgOffsetStore.migrations`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations: PgMigrations.Migrations = PgMigrations.make("PgViewAliases", [
  PgMigrations.step("table", aliasSql.table),
  PgMigrations.step("swap", aliasSql.swap)
])

/**
 * What a node's role needs for queries through aliases, as SQL for the owner of the table to run. Throws a `RangeError` when
 * the role's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = (role: string): string => grantsOf(role, aliasSql.rights)

/**
 * What a role needs that swaps, beside what nodes need for offsets and leases.
 *
 * @since 0.1.0
 * @category constructors
 */
export const swapGrants = (role: string): string => grantsOf(role, aliasSql.swapRights)

const Answer = Schema.parseJson(
  Schema.Union(
    Schema.TaggedStruct("Swapped", {}),
    Schema.TaggedStruct("Other", { serving: Schema.String }),
    Schema.TaggedStruct("Refused", {
      behind: Schema.Array(Schema.Struct({ partition: Schema.Int, offset: Schema.Int, of: Schema.Int })),
      quarantined: Schema.Array(Schema.Struct({ key: Schema.String, sequence: Schema.Int, cause: Schema.String }))
    })
  )
)

/** What the name of an alias or a version may be to stand in a statement as a text. */
const literal = (name: string): string => {
  if (/^[\w ./:-]+$/.test(name)) return `'${name}'`
  throw new RangeError(`${JSON.stringify(name)} cannot be in a statement: use letters, digits, spaces and _ . / : -`)
}

/**
 * The rows of the version that serves, for the `FROM` of an application's own query: a text in parentheses, which needs a
 * name behind it. `tables` are those of the versions, by the names of their projections, in the order of the alias; they
 * have the columns. A statement sees one version, also within a transaction that a swap comes into.
 *
 * Throws a `RangeError` where a name is none.
 *
 * @example
 * ```ts
 * const served = PgViewAliases.rows("bookings", ["booking_id", "expires_at"], {
 *   BookingViewProjection: "bookings",
 *   BookingViewProjection2: "bookings_2"
 * })
 * sql.unsafe(`SELECT booking_id FROM ${served} b WHERE b.expires_at < now()`)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const rows = (
  alias: string,
  columns: ReadonlyArray<string>,
  tables: { readonly [version: string]: string }
): string => {
  const names = columns.map((name) => `"${identifier(name, "name of a column")}"`).join(", ")
  const versions = Object.entries(tables)
  const initial = literal(versions[0]?.[0] ?? "")
  const served = `coalesce((SELECT version FROM view_alias WHERE name = ${literal(alias)}), ${initial})`
  const parts = versions.map(
    ([version, table]) => `SELECT ${names} FROM ${tableName(table).text} WHERE ${served} = ${literal(version)}`
  )
  return `(${parts.join(" UNION ALL ")})`
}

/**
 * The aliases of the database that the client is connected to. The table comes from `migrations`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ViewAliases.ViewAliases, never, PgClient.PgClient> = Layer.effect(
  ViewAliases.ViewAliases,
  Effect.map(PgClient.PgClient, (client) => {
    const run = query(client)
    const failed = (alias: string) => (cause: SqlError.SqlError) =>
      new ViewAliases.ViewAliasError({ alias, description: reasonOf(cause), cause })
    const serving = Effect.fnUntraced(function* (alias: string, initial: string) {
      const found = yield* Effect.mapError(
        run<{ readonly version: string; readonly swaps: string }>(aliasSql.serving, [alias]),
        failed(alias)
      )
      return Option.match(Option.fromNullable(found[0]), {
        onNone: (): ViewAliases.Serving => ({ version: initial, swaps: 0 }),
        onSome: ({ swaps, version }) => ({ version, swaps: Number(swaps) })
      })
    })
    const swap = Effect.fn("PgViewAliases.swap")(function* <E>(asked: ViewAliases.Swap<E>) {
      const { alias, from, initial, patience, tags, to } = asked
      const tagNames = tags.map(({ name }) => name)
      const partitions = tags.map(({ partition }) => partition)
      const parameters = [alias, initial, from, to, tagNames, partitions, Math.round(Duration.toMillis(patience))]
      const found = yield* Effect.mapError(
        run<{ readonly answer: string }>(aliasSql.swapCall, parameters),
        failed(alias)
      )
      const answer = yield* Effect.mapError(
        Schema.decodeUnknown(Answer)(found[0]?.answer),
        (cause) => new ViewAliases.ViewAliasError({ alias, description: "the answer to a swap is not known", cause })
      )
      if (answer._tag !== "Refused") return answer
      return { ...answer, quarantined: answer.quarantined.map((one) => ({ ...one, cause: fromStorable(one.cause) })) }
    })
    return { serving, swap }
  })
)

/**
 * A version could not be dropped, and nothing was: it serves queries (`Serves`), or its processes run or are to run
 * (`Runs`).
 *
 * @since 0.1.0
 * @category errors
 */
export const DropRefused = Drop.DropRefused

/**
 * What such a refusal is.
 *
 * @since 0.1.0
 * @category errors
 */
export type DropRefused = Drop.DropRefused

/**
 * Drops what a version of a view has stored, for ever: its rows, its offsets, what it has set aside and its tombstones, in one
 * transaction. Its table stays, empty, for the nodes whose code still names it; a migration drops it with that code. If its
 * processes are resumed, they fill it anew from the journal's first event.
 *
 * Refused where the version serves, and where its deployment is not stopped (`KillSwitch.shutdown`); whatever copy of a
 * process sleeps somewhere is fenced. `version` is the name of its projection, `initial` the first version of the alias,
 * `table` that of the version's rows. It is for a role that owns the tables.
 *
 * Throws a `RangeError` when the table's name is none.
 *
 * @example
 * ```ts
 * yield* PgViewAliases.drop("bookings", {
 *   version: "BookingViewProjection",
 *   initial: "BookingViewProjection",
 *   table: "bookings"
 * })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const drop: (
  alias: string,
  asked: { readonly version: string; readonly initial: string; readonly table: string }
) => Effect.Effect<
  { readonly version: string; readonly rows: number },
  DropRefused | ViewAliases.ViewAliasError,
  PgClient.PgClient
> = Drop.drop
