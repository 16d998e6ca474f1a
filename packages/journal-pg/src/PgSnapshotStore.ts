/**
 * Entities' snapshots in a table of Postgres, `entity_snapshot`: a row an entity's key, overwritten by the next one.
 *
 * It is a cache: to empty or to drop it costs the entities a reading of their events, and nothing else. For a table of
 * another name there is `SnapshotStore.layerKeyValueStore` on a `PgKeyValueStore`.
 *
 * @since 0.1.0
 */
import { SnapshotStore } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { tableName } from "./internal/identifier.js"
import * as keyValueSql from "./internal/keyValueSql.js"
import * as keyValueStore from "./internal/keyValueStore.js"
import * as PgMigrations from "./PgMigrations.js"

const table = tableName("entity_snapshot")

/**
 * The migrations of the table.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations: PgMigrations.Migrations = PgMigrations.make("PgSnapshotStore", keyValueSql.steps(table))

/**
 * The snapshots of the database that the client is connected to. The table comes from `migrations`; without it every
 * snapshot that is looked for or saved is a warning in the log, and nothing else.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<SnapshotStore.SnapshotStore, never, PgClient.PgClient> = Layer.effect(
  SnapshotStore.SnapshotStore,
  Effect.map(PgClient.PgClient, (client) => keyValueStore.make(client, table))
)
