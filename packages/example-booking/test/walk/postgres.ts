import { DistributedProcessing, EntityHost } from "@aecor/core"
import { PgCluster, PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { AccountJournal } from "./account.js"
import { App, program } from "./app.js"
import { Balances } from "./balances.js"

// The view's table is yours: a key, the version, and a column for each field of the row.
const balancesTable = PgMigrations.make("balances", [
  PgMigrations.step(
    "table",
    `CREATE TABLE balances (
      account_id text PRIMARY KEY, version bigint NOT NULL, balance integer NOT NULL, movements integer NOT NULL
    )`
  )
])

const Migrations = PgMigrations.layer([
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table: "account_event" }),
  balancesTable
])

// Each node has an address of its own, where the others reach it.
const Cluster = Layer.unwrapEffect(
  Effect.map(Config.port("CLUSTER_PORT"), (port) => PgCluster.layer({ host: "127.0.0.1", port }))
)

// Where it runs: on every node that starts this, sharing one Postgres. Start two and kill one.
const Postgres = Layer.mergeAll(EntityHost.layerCluster, DistributedProcessing.layerCluster).pipe(
  Layer.provideMerge(Cluster),
  Layer.provideMerge(PgJournal.layer(AccountJournal, { table: "account_event" })),
  Layer.provideMerge(PgViewStore.layer(Balances, { table: "balances", key: "account_id" })),
  Layer.provideMerge(PgProcessLease.layer),
  Layer.provide(Migrations),
  Layer.provide(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") }))
)

export const onPostgres = program.pipe(Effect.provide(App.pipe(Layer.provideMerge(Postgres))))
