import { ViewStoreSuite } from "@aecor/projection/testing"
import { PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

const suiteView = PgMigrations.make("suite_view", [
  PgMigrations.step(
    "table",
    `CREATE TABLE suite_view (
      key text PRIMARY KEY, version bigint NOT NULL, owner text NOT NULL, seat_count integer NOT NULL,
      viewers bigint NOT NULL, paid boolean NOT NULL, note text, nickname text, confirmed_at bigint,
      placed_at timestamptz NOT NULL, total text NOT NULL, seats jsonb NOT NULL
    )`
  )
])

ViewStoreSuite.suite(
  "PgViewStore",
  Layer.merge(
    PgViewStore.layer(ViewStoreSuite.SuiteView, { table: "suite_view", key: "key" }),
    PgProcessLease.layer
  ).pipe(Layer.provide(database(PgProcessLease.migrations, PgOffsetStore.migrations, suiteView))),
  { clock: "live" }
)
