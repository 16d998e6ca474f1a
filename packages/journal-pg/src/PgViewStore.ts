/**
 * A view in a table of Postgres: one row a key, with typed columns that queries of any kind can use.
 *
 * The table is the application's own, made by a migration of its own: the key (unique), `version bigint`, and a column
 * for each field of the row's encoded form, `seatCount` in `seat_count`. Texts, numbers and booleans are in columns of
 * their types, arrays and structs in `jsonb`; Postgres converts, so an encoded date may be in a `timestamptz`, and comes
 * back as ISO 8601 in the session's time zone.
 *
 * A row that is deleted is removed from the table; its tombstone is in `view_tombstone`, which comes with the offsets.
 *
 * Guarantees: a commit is one statement, a transaction of its own, which stores rows and offset under the process's
 * fence or nothing. Reading one's write asks the same server, so it is not misled by a replica that lags.
 *
 * @since 0.1.0
 */
import type { ViewStore } from "@aecor/projection"
import type { PgClient } from "@effect/sql-pg"
import { Layer } from "effect"
import { wantedOf } from "./internal/columnTypes.js"
import { grants as grantsOf, onSchema } from "./internal/grants.js"
import { identifier, tableName } from "./internal/identifier.js"
import { Notifications } from "./internal/notifications.js"
import * as viewColumns from "./internal/viewColumns.js"
import * as viewJson from "./internal/viewJson.js"
import * as viewRows from "./internal/viewRows.js"
import * as viewStore from "./internal/viewStore.js"

/**
 * Where a view is kept.
 *
 * - `table`: `table` or `schema.table`.
 * - `key`: the column of the key, primary or at least unique. A field of the row may be in it too, and in `version`.
 * - `columns`: the columns of fields that are not in the one of their own name in snake case.
 *
 * @since 0.1.0
 * @category models
 */
export interface Storage<Field extends string> {
  readonly table: string
  readonly key: string
  readonly columns?: { readonly [F in Field]?: string }
}

/**
 * How a view works, with its defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /**
   * Whether the statements of projections are prepared by name, so that a connection plans each once; true. A pooler in
   * transaction mode that does not know names (PgBouncer before 1.21) needs false.
   */
  readonly namedStatements?: boolean
}

/**
 * What a node's role needs for a view's table, as SQL for the table's owner to run. A view's offset is committed with
 * it: the role needs what `PgOffsetStore.grants` and `PgProcessLease.grants` give as well. Throws a `RangeError` when the
 * name of the table or the role is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = ({ table }: Pick<Storage<string>, "table">, role: string): string => {
  const name = tableName(table)
  return grantsOf(role, [...onSchema(name), ["SELECT, INSERT, UPDATE, DELETE", name.text]])
}

/**
 * The view of a class, in a table that a migration of the application has made; its consumers' offsets are in the table
 * of `PgOffsetStore.migrations`.
 *
 * Fails with `ViewStoreError` where the table does not fit the rows, and names each column that lacks, that is of another
 * type than its field needs, that does not allow the null that its field may be, or that no field fills. Throws a `RangeError`
 * when the name of the table or of a column is none.
 *
 * @example
 * ```ts
 * PgViewStore.layer(BookingsView, { table: "bookings", key: "booking_id" })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Self, Name extends string, V extends object, I>(
  view: ViewStore.ViewStoreClass<Self, Name, V, I>,
  options: Storage<keyof I & string> & Settings
): Layer.Layer<Self, ViewStore.ViewStoreError, PgClient.PgClient> => {
  const table = tableName(options.table)
  const key = identifier(options.key, "name of a column")
  const columns = viewColumns.columnsOf(view.row, options.columns ?? {})
  const rows = viewRows.make({ view: view.label, row: view.row, key }, viewRows.inColumns(columns))
  const { namedStatements = true } = options
  const shape = { view: view.label, table, key, columns, wanted: wantedOf(view.row), rows, namedStatements }
  return Layer.scoped(view, viewStore.make(shape)).pipe(Layer.provide(Notifications.layer))
}

/**
 * Where a view is kept as JSON: the table, the column of the key, and the one that holds the rows (`row`), `jsonb` or `json`.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonStorage {
  readonly table: string
  readonly key: string
  readonly json?: string
}

/**
 * The view of a class, each row in one column of JSON, as its schema encodes it: a field more or less needs no migration of
 * the table. `find` compares fields within the JSON; where that is to be quick it needs indexes, on `(row -> 'field')`.
 *
 * Fails with `ViewStoreError` where the table does not fit, and says what. Throws a `RangeError` when the name of the table or
 * of a column is none.
 *
 * @example
 * ```ts
 * // CREATE TABLE drafts (key text PRIMARY KEY, version bigint NOT NULL, row jsonb NOT NULL)
 * PgViewStore.layerJson(DraftsView, { table: "drafts", key: "key" })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerJson = <Self, Name extends string, V extends object, I>(
  view: ViewStore.ViewStoreClass<Self, Name, V, I>,
  options: JsonStorage & Settings
): Layer.Layer<Self, ViewStore.ViewStoreError, PgClient.PgClient> => {
  const table = tableName(options.table)
  const key = identifier(options.key, "name of a column")
  const json = identifier(options.json ?? "row", "name of a column")
  const rows = viewRows.make({ view: view.label, row: view.row, key }, viewJson.inJson(json))
  const { namedStatements = true } = options
  const [columns, wanted] = [viewJson.columnsOf(json), viewJson.wantedOf(json)]
  const shape = { view: view.label, table, key, columns, wanted, rows, namedStatements }
  return Layer.scoped(view, viewStore.make(shape)).pipe(Layer.provide(Notifications.layer))
}
