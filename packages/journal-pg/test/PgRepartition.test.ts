import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { RepartitionSuite } from "@aecor/projection/testing"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

const table = "sums_event"

const sumsView = PgMigrations.make("sums", [
  PgMigrations.step(
    "table",
    `CREATE TABLE sums (
      key text PRIMARY KEY, version bigint NOT NULL, sum integer NOT NULL, count integer NOT NULL, trail integer NOT NULL
    )`
  )
])

const Database = database(
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table }),
  sumsView
)

RepartitionSuite.suite(
  "on Postgres",
  Layer.mergeAll(
    PgJournal.layer(RepartitionSuite.FewJournal, { table }),
    PgJournal.layer(RepartitionSuite.ManyJournal, { table }),
    PgViewStore.layer(RepartitionSuite.SumsView, { table: "sums", key: "key" }),
    PgOffsetStore.layer
  ).pipe(Layer.provideMerge(PgProcessLease.layer), Layer.provide(Database)),
  { clock: "live", every: 2 }
)
