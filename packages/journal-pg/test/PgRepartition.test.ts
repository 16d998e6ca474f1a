import { PgJournal, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { RepartitionSuite } from "@aecor/projection/testing"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"
import { sumsView } from "./fixtures/view.js"

const table = "sums_event"

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
