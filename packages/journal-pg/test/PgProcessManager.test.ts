import { DistributedProcessing, EntityHost } from "@aecor/core"
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { ProcessManagerSuite } from "@aecor/projection/testing"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

const { ClerkJournal, LedgerJournal, Shop, ShopJournal } = ProcessManagerSuite

const shopTable = PgMigrations.make("shop", [
  PgMigrations.step(
    "table",
    `CREATE TABLE shop (
      key text PRIMARY KEY, version bigint NOT NULL, state jsonb NOT NULL, pending jsonb NOT NULL,
      sequence integer NOT NULL, sent integer NOT NULL
    )`
  )
])

const Database = database(
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table: "shop_event" }),
  PgJournal.migrations({ table: "ledger_event" }),
  PgJournal.migrations({ table: "clerk_event" }),
  shopTable
)

ProcessManagerSuite.suite(
  "on Postgres",
  Layer.mergeAll(
    PgJournal.layer(ShopJournal, { table: "shop_event" }),
    PgJournal.layer(LedgerJournal, { table: "ledger_event" }),
    PgJournal.layer(ClerkJournal, { table: "clerk_event" }),
    PgViewStore.layer(Shop, { table: "shop", key: "key" }),
    PgOffsetStore.layer,
    EntityHost.layerLocal,
    DistributedProcessing.layerLocal
  ).pipe(Layer.provideMerge(PgProcessLease.layer), Layer.provide(Database)),
  { clock: "live", runs: 3 }
)
