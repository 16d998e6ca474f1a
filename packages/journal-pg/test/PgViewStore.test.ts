import { ViewStoreSuite } from "@aecor/projection/testing"
import { PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"
import { suiteView } from "./fixtures/view.js"

ViewStoreSuite.suite(
  "PgViewStore",
  Layer.merge(
    PgViewStore.layer(ViewStoreSuite.SuiteView, { table: "suite_view", key: "key" }),
    PgProcessLease.layer
  ).pipe(Layer.provide(database(PgProcessLease.migrations, PgOffsetStore.migrations, suiteView))),
  { clock: "live" }
)

const inJson = PgMigrations.make("suite_json", [
  PgMigrations.step(
    "table",
    "CREATE TABLE suite_json (name text PRIMARY KEY, version bigint NOT NULL, data jsonb NOT NULL)"
  )
])

ViewStoreSuite.suite(
  "PgViewStore, as JSON",
  Layer.merge(
    PgViewStore.layerJson(ViewStoreSuite.SuiteView, { table: "suite_json", key: "name", json: "data" }),
    PgProcessLease.layer
  ).pipe(Layer.provide(database(PgProcessLease.migrations, PgOffsetStore.migrations, inJson))),
  { clock: "live" }
)
