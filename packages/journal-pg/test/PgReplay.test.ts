import { PgJournal, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { ReplaySuite } from "@aecor/projection/testing"
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

ReplaySuite.suite(
  "on Postgres",
  Layer.mergeAll(
    PgJournal.layer(ReplaySuite.FewJournal, { table }),
    PgViewStore.layer(ReplaySuite.SumsView, { table: "sums", key: "key" })
  ).pipe(Layer.provideMerge(PgProcessLease.layer), Layer.provide(Database)),
  { clock: "live", every: 4, runs: 3 }
)
