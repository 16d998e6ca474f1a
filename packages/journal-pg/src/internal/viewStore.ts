/** The operations of a view's store on its table. */
import { type ConsumerId, ProcessContext } from "@aecor/core"
import { ViewStore } from "@aecor/projection"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Effect, Option, type Scope } from "effect"
import { announcements } from "./announcements.js"
import * as CommitMessage from "./commitMessage.js"
import type { Wanted } from "./columnTypes.js"
import type { TableName } from "./identifier.js"
import { hubOf, type Notifications } from "./notifications.js"
import * as offsetSql from "./offsetSql.js"
import * as quarantineSql from "./quarantineSql.js"
import { query, rows as rowsOf } from "./query.js"
import * as receipts from "./receipts.js"
import { reasonOf, sqlState } from "./sqlState.js"
import * as viewColumns from "./viewColumns.js"
import * as viewRows from "./viewRows.js"
import * as viewSql from "./viewSql.js"

/** The store of a view, in a table that holds its rows in one way or another. */
export const make = Effect.fnUntraced(function* <V extends object>(options: {
  readonly view: string
  readonly table: TableName
  readonly key: string
  readonly columns: ReadonlyArray<viewColumns.Column>
  readonly wanted: ReadonlyMap<string, Wanted>
  readonly rows: viewRows.Rows<V>
  readonly namedStatements: boolean
}): Effect.fn.Return<
  ViewStore.ViewStore<V>,
  ViewStore.ViewStoreError,
  Notifications | PgClient.PgClient | Scope.Scope
> {
  const { columns, key: keyColumn, rows, table, view, wanted } = options
  const client = yield* PgClient.PgClient
  const run = query(client)
  const often = rowsOf(client, options.namedStatements)
  const found = yield* viewColumns.find({ view, table, key: keyColumn, columns, wanted, run })
  const sql = viewSql.statements(table, keyColumn, columns, found)
  const hub = yield* hubOf(client)
  const { committed, reached } = yield* receipts.make({
    versions: (keys) => often<receipts.Known>(sql.versions, [found.name, keys]),
    subscribe: (listener) => hub.subscribe(found.identity, (said) => listener(CommitMessage.decode(said)))
  })

  const offsets = yield* receipts.make({
    versions: (consumers) => often<receipts.Known>(offsetSql.ofConsumers, [consumers]),
    subscribe: (listener) => hub.subscribe(found.identity, () => listener("Something"))
  })

  const tell = yield* announcements(often, found.identity)
  /** Who waits on this node need not wait for the way over the server. */
  const announce = (change: CommitMessage.Change) => {
    committed(change)
    offsets.committed("Something")
    tell(change)
  }

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
    const { parameters, text } = sql.find(yield* rows.conditions(where))
    return (yield* select(text, parameters)).map((row) => row.view)
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
    announce(quarantine === undefined ? CommitMessage.of(page.rows, tombstones) : "Something")
  })

  const advancedAt = Effect.fn("PgViewStore.advancedAt")(function* (consumer: ConsumerId.ConsumerId) {
    const [row] = yield* run<{ readonly at: string }>(offsetSql.advancedAt, offsetSql.consumerParameters(consumer))
    return Option.map(Option.fromNullable(row), ({ at }) => Number(at))
  }, Effect.mapError(storeError))

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
    announce("Something")
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
    announce("Something")
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

  const awaitOffset: ViewStore.ViewStore<V>["awaitOffset"] = Effect.fn("PgViewStore.awaitOffset")(
    function* (consumer, offset, timeout) {
      if (offset <= 0) return true
      const there = Effect.mapError(offsets.reached(offsetSql.identityOf(consumer), offset), storeError)
      return Option.isSome(yield* Effect.timeoutOption(there, timeout))
    }
  )

  return {
    get,
    find,
    load,
    commit,
    advancedAt,
    quarantined,
    settle,
    replace,
    scan,
    awaitReceipt,
    awaitOffset
  } satisfies ViewStore.ViewStore<V>
})
