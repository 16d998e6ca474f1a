/**
 * A `KeyValueStore` of @effect/platform in a table of Postgres: texts and bytes under keys, shared by all nodes.
 *
 * Guarantees: keys and texts of any characters come back as they were, also those that Postgres itself does not store
 * (NUL, halves of surrogate pairs); `modify` and `modifyUint8Array` lose no change that is made at the same time, and call
 * their function again when there was one; every operation is a transaction of its own, on another connection than a
 * transaction of the caller. Errors are `SystemError`s of the module `KeyValueStore`.
 *
 * Not guaranteed: that the `modify` of a `forSchema` loses no change: @effect/platform reads and then writes there. A key
 * has up to some 2,700 bytes, the room of an index entry.
 *
 * @since 0.1.0
 */
import { KeyValueStore } from "@effect/platform"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { tableName } from "./internal/identifier.js"
import * as keyValueSql from "./internal/keyValueSql.js"
import * as keyValueStore from "./internal/keyValueStore.js"
import * as PgMigrations from "./PgMigrations.js"

/**
 * Where the values are kept: `table`, or `schema.table`; one store a table.
 *
 * @since 0.1.0
 * @category models
 */
export interface Storage {
  readonly table: string
}

/**
 * The migrations of a store's table. Throws a `RangeError` when the table's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations = ({ table }: Storage): PgMigrations.Migrations => {
  const name = tableName(table)
  return PgMigrations.make(`PgKeyValueStore ${name.text}`, keyValueSql.steps(name))
}

/**
 * The store in a table that `migrations` has made. Throws a `RangeError` when the table's name is none.
 *
 * @example
 * ```ts
 * PgKeyValueStore.layer({ table: "setting" })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = ({ table }: Storage): Layer.Layer<KeyValueStore.KeyValueStore, never, PgClient.PgClient> => {
  const name = tableName(table)
  return Layer.effect(
    KeyValueStore.KeyValueStore,
    Effect.map(PgClient.PgClient, (client) => keyValueStore.make(client, name))
  )
}
