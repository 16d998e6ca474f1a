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
import { ProcessContext } from "@aecor/core"
import { ViewStore } from "@aecor/projection"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option } from "effect"
import { announcements } from "./internal/announcements.js"
import * as columnTypes from "./internal/columnTypes.js"
import { grants as grantsOf, onSchema } from "./internal/grants.js"
import { identifier, tableName } from "./internal/identifier.js"
import { hubOf, Notifications } from "./internal/notifications.js"
import * as offsetSql from "./internal/offsetSql.js"
import * as quarantineSql from "./internal/quarantineSql.js"
import { query, rows as rowsOf } from "./internal/query.js"
import * as receipts from "./internal/receipts.js"
import { reasonOf, sqlState } from "./internal/sqlState.js"
import * as viewColumns from "./internal/viewColumns.js"
import * as viewRows from "./internal/viewRows.js"
import * as viewSql from "./internal/viewSql.js"

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

const make = Effect.fnUntraced(function* <V extends object, I>(
  definition: ViewStore.Definition<V, I>,
  options: Storage<string> & Settings
) {
  const view = definition.label
  const client = yield* PgClient.PgClient
  const run = query(client)
  const often = rowsOf(client, options.namedStatements ?? true)
  const table = tableName(options.table)
  const columns = viewColumns.columnsOf(definition.row, options.columns ?? {})
  const wanted = columnTypes.wantedOf(definition.row)
  const found = yield* viewColumns.find({ view, table, key: options.key, columns, wanted, run })
  const sql = viewSql.statements(table, options.key, columns, found)
  const rows = viewRows.make({ view, row: definition.row, key: options.key, columns })
  const hub = yield* hubOf(client)
  const reached = yield* receipts.make({
    versions: (keys) => run<receipts.Known>(sql.versions, [found.name, keys]),
    subscribe: (listener) => hub.subscribe(found.identity, listener)
  })

  const announce = yield* announcements(run, found.identity)

  const storeError = (cause: SqlError.SqlError) =>
    new ViewStore.ViewStoreError({ view, description: reasonOf(cause), cause })
  const commitError =
    ({ consumer, expected, fence }: ViewStore.Commit<V>) =>
    (cause: SqlError.SqlError) => {
      const state = sqlState(cause)
      if (state === offsetSql.notNewest) return ProcessContext.fenced(fence)
      if (state === offsetSql.notExpected) return new ViewStore.CommitConflict({ view, consumer, expected })
      return storeError(cause)
    }
  const select = (statement: string, parameters: ReadonlyArray<unknown>) =>
    Effect.flatMap(
      Effect.mapError(run<{ readonly row: string }>(statement, parameters), storeError),
      Effect.forEach(({ row }) => rows.decode(JSON.parse(row)))
    )

  const get = Effect.fn("PgViewStore.get")(function* (key: string) {
    return Option.fromNullable((yield* select(sql.row, [key]))[0])
  })

  const find = Effect.fn("PgViewStore.find")(function* (where: Partial<V>) {
    const conditions = (yield* rows.conditions(where)).map(({ column, value }) => ({
      column,
      isNull: value === null || value === undefined,
      value: viewSql.holdsJson(found.types.get(column)) ? JSON.stringify(value) : value
    }))
    const parameters = conditions.filter(({ isNull }) => !isNull).map(({ value }) => value)
    return (yield* select(sql.find(conditions), parameters)).map((row) => row.view)
  })

  const load: ViewStore.ViewStore<V>["load"] = Effect.fn("PgViewStore.load")(function* (consumer, keys) {
    const parameters = [...offsetSql.consumerParameters(consumer), keys, found.name]
    const [loaded] = yield* Effect.mapError(often<viewSql.Loaded>(sql.load, parameters), storeError)
    const [offset, stored, dead] = loaded ?? ["0", "[]", "{}"]
    const alive = yield* rows.decodeAll(JSON.parse(stored))
    const tombstones = Object.entries<number>(JSON.parse(dead)).filter(([key]) => !alive.has(key))
    return { offset: Number(offset), rows: alive, tombstones: new Map(tombstones) }
  })

  const commit: ViewStore.ViewStore<V>["commit"] = Effect.fn("PgViewStore.commit")(function* (page) {
    const { quarantine, tombstones = new Map() } = page
    const deletes = tombstones.size > 0 || quarantine !== undefined
    const parameters = [
      ...offsetSql.commitParameters(page),
      yield* rows.encode(page.rows),
      found.name,
      ...(deletes ? [viewRows.tombstones(tombstones)] : []),
      ...(quarantine === undefined ? [] : quarantineSql.changes(quarantine))
    ]
    const statement = sql.commit({ deletes, quarantines: quarantine !== undefined })
    yield* Effect.mapError(often(statement, parameters), commitError(page))
    announce()
  })

  const quarantined = Effect.fn("PgViewStore.quarantined")(function* (name: string) {
    return (yield* run<quarantineSql.Row>(quarantineSql.ofConsumer, [name])).map(quarantineSql.fromRow)
  }, Effect.mapError(storeError))

  const settle = Effect.fn("PgViewStore.settle")(function* (attempt: ViewStore.Attempt<V>) {
    const parameters = [
      ...quarantineSql.settleParameters(attempt),
      yield* rows.encode(attempt.rows),
      found.name,
      viewRows.tombstones(attempt.tombstones)
    ]
    const [row] = yield* Effect.mapError(run<quarantineSql.Settled>(sql.settle, parameters), storeError)
    announce()
    return row?.outcome ?? "Gone"
  })

  const replace: ViewStore.ViewStore<V>["replace"] = Effect.fn("PgViewStore.replace")(function* ({
    fence,
    rows: given,
    tombstones = new Map()
  }) {
    const { deployment, epoch, index, token } = fence
    const values = [yield* rows.encode(given), found.name, viewRows.tombstones(tombstones)]
    const parameters = [deployment, index, epoch, token, ...values]
    const [answer] = yield* Effect.mapError(run<{ readonly changed: string }>(sql.replace, parameters), (cause) =>
      sqlState(cause) === offsetSql.notNewest ? ProcessContext.fenced(fence) : storeError(cause)
    )
    announce()
    return Number(answer?.changed ?? 0)
  })

  const scan: ViewStore.ViewStore<V>["scan"] = Effect.fn("PgViewStore.scan")(function* (after, limit) {
    const parameters = [limit, ...Option.toArray(after)]
    const page = yield* Effect.mapError(
      run<{ readonly key: string; readonly row: string }>(sql.scan(Option.isSome(after)), parameters),
      storeError
    )
    return yield* Effect.forEach(page, ({ key, row }) =>
      Effect.map(rows.decode(JSON.parse(row)), (decoded) => [key, decoded] as const)
    )
  })

  const awaitReceipt: ViewStore.ViewStore<V>["awaitReceipt"] = Effect.fn("PgViewStore.awaitReceipt")(function* (
    { key, sequence },
    timeout
  ) {
    if (sequence <= 0) return
    const waiting = yield* Effect.mapError(reached(key, sequence), storeError).pipe(
      Effect.timeoutFail({
        duration: timeout,
        onTimeout: () => new ViewStore.ReceiptTimeout({ view, key, sequence })
      })
    )
    if (Option.isSome(waiting)) {
      return yield* new ViewStore.Quarantined({ view, key, sequence, entry: waiting.value })
    }
  })

  return { get, find, load, commit, quarantined, settle, replace, scan, awaitReceipt } satisfies ViewStore.ViewStore<V>
})

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
  tableName(options.table)
  identifier(options.key, "name of a column")
  viewColumns.columnsOf(view.row, options.columns ?? {})
  return Layer.scoped(view, make(view, options)).pipe(Layer.provide(Notifications.layer))
}
