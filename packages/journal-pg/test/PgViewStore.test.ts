import { ViewStoreSuite } from "@aecor/projection/testing"
import { PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"
import { suiteView } from "./fixtures/suiteView.js"

ViewStoreSuite.suite(
  "PgViewStore",
  Layer.merge(
    PgViewStore.layer(ViewStoreSuite.SuiteView, { table: "suite_view", key: "key" }),
    PgProcessLease.layer
  ).pipe(Layer.provide(database(PgProcessLease.migrations, PgOffsetStore.migrations, suiteView))),
  { clock: "live" }
)
