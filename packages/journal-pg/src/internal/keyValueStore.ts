/** A `KeyValueStore` of @effect/platform on a table of Postgres. */
import { Error as PlatformError, KeyValueStore } from "@effect/platform"
import type { SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Effect, Option } from "effect"
import type { TableName } from "./identifier.js"
import { type Row, statements } from "./keyValueSql.js"
import { query } from "./query.js"
import { type Meaning, meaning, reasonOf, sqlState } from "./sqlState.js"
import { fromStorable, toStorable } from "./storableText.js"

const reasons: Readonly<Record<Meaning, PlatformError.SystemErrorReason>> = {
  Lost: "Unknown",
  Passing: "Busy",
  Data: "InvalidData",
  Refused: "BadResource"
}

/** What the client's error is to users of a key-value store. */
const storeError = (method: string, key: string) => (cause: SqlError.SqlError) =>
  new PlatformError.SystemError({
    reason: reasons[meaning(cause)],
    module: "KeyValueStore",
    method,
    pathOrDescriptor: key,
    description: reasonOf(cause),
    cause
  })

const toRow = (value: string | Uint8Array): Row =>
  typeof value === "string"
    ? { value: toStorable(value), bytes: null }
    : { value: null, bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") }

/** Bytes as text are base64, as in the stores of @effect/platform. */
const textOf = ({ bytes, value }: Row): string => (value === null ? (bytes ?? "") : fromStorable(value))

const bytesOf = ({ bytes, value }: Row): Uint8Array =>
  value === null ? Uint8Array.from(Buffer.from(bytes ?? "", "base64")) : new TextEncoder().encode(fromStorable(value))

export const make = (client: PgClient.PgClient, table: TableName): KeyValueStore.KeyValueStore => {
  const sql = statements(table)
  const inOwnTransaction = query(client)

  const run = <A extends object>(method: string, key: string, statement: string, values: ReadonlyArray<unknown> = []) =>
    inOwnTransaction<A>(statement, values).pipe(
      // somebody else's write has come first, where transactions are stricter than READ COMMITTED by default
      Effect.retry({ while: (cause) => sqlState(cause) === "40001" }),
      Effect.mapError(storeError(method, key))
    )
  const answer = (method: string, key: string, statement: string, values?: ReadonlyArray<unknown>) =>
    Effect.map(run<{ readonly answer: string }>(method, key, statement, values), ([first]) => first?.answer)

  const find = (method: string, key: string) =>
    Effect.map(run<Row>(method, key, sql.get, [toStorable(key)]), ([row]) => Option.fromNullable(row))

  /** Reads and replaces what it has read; where somebody was faster, again. */
  const modify = <A extends string | Uint8Array>(method: string, read: (row: Row) => A) =>
    Effect.fn(`PgKeyValueStore.${method}`)(function* (key: string, change: (value: A) => A) {
      while (true) {
        const before = yield* find(method, key)
        if (Option.isNone(before)) return Option.none<A>()
        const after = change(read(before.value))
        const row = toRow(after)
        const values = [toStorable(key), row.value, row.bytes, before.value.value, before.value.bytes]
        if ((yield* answer(method, key, sql.replace, values)) !== undefined) return Option.some(after)
      }
    })

  return KeyValueStore.make({
    get: Effect.fn("PgKeyValueStore.get")((key: string) => Effect.map(find("get", key), Option.map(textOf))),
    getUint8Array: Effect.fn("PgKeyValueStore.getUint8Array")((key: string) =>
      Effect.map(find("getUint8Array", key), Option.map(bytesOf))
    ),
    set: Effect.fn("PgKeyValueStore.set")((key: string, value: string | Uint8Array) => {
      const row = toRow(value)
      return Effect.asVoid(run("set", key, sql.set, [toStorable(key), row.value, row.bytes]))
    }),
    remove: Effect.fn("PgKeyValueStore.remove")((key: string) =>
      Effect.asVoid(run("remove", key, sql.remove, [toStorable(key)]))
    ),
    has: Effect.fn("PgKeyValueStore.has")((key: string) =>
      Effect.map(answer("has", key, sql.has, [toStorable(key)]), (has) => has === "true")
    ),
    clear: Effect.withSpan(Effect.asVoid(run("clear", table.text, sql.clear)), "PgKeyValueStore.clear"),
    size: Effect.withSpan(Effect.map(answer("size", table.text, sql.size), Number), "PgKeyValueStore.size"),
    isEmpty: Effect.withSpan(
      Effect.map(answer("isEmpty", table.text, sql.isEmpty), (empty) => empty === "true"),
      "PgKeyValueStore.isEmpty"
    ),
    modify: modify("modify", textOf),
    modifyUint8Array: modify("modifyUint8Array", bytesOf)
  })
}
