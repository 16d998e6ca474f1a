import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { Layer } from "effect"
import { ClientParts } from "./clients.js"
import { OrderJournal, OrdersView } from "./orders.js"

const tables = PgMigrations.make("shop", [
  PgMigrations.step(
    "views",
    `CREATE TABLE orders (order_id text PRIMARY KEY, version bigint NOT NULL, client text NOT NULL, amount integer NOT NULL);
     CREATE TABLE client_parts (key text PRIMARY KEY, version bigint NOT NULL, row jsonb NOT NULL);
     CREATE TABLE revenue (day date PRIMARY KEY, amount bigint NOT NULL)`
  )
])

export const Migrations = PgMigrations.layer([
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table: "order_event" }),
  tables
])

export const Stores = Layer.mergeAll(
  PgJournal.layer(OrderJournal, { table: "order_event" }),
  PgOffsetStore.layer,
  PgViewStore.layer(OrdersView, { table: "orders", key: "order_id" }), // a column a field
  PgViewStore.layerJson(ClientParts, { table: "client_parts", key: "key" }) // one column of JSON
)
