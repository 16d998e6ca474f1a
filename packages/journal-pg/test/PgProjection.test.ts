import { DistributedProcessing } from "@aecor/core"
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { ProjectionSuite } from "@aecor/projection/testing"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

const table = "totals_event"

const totalsView = PgMigrations.make("totals_view", [
  PgMigrations.step(
    "table",
    `CREATE TABLE totals_view (
      key text PRIMARY KEY, version bigint NOT NULL, owner text NOT NULL, total integer NOT NULL,
      count integer NOT NULL, trail integer NOT NULL, note text, last_event text NOT NULL
    )`
  )
])

const Database = database(
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table }),
  totalsView
)

ProjectionSuite.suite(
  "on Postgres",
  Layer.mergeAll(
    PgJournal.layer(ProjectionSuite.TotalsJournal, { table }),
    PgViewStore.layer(ProjectionSuite.TotalsView, { table: "totals_view", key: "key" }),
    DistributedProcessing.layerLocal
  ).pipe(Layer.provideMerge(PgProcessLease.layer), Layer.provide(Database)),
  { clock: "live", runs: 5 }
)
