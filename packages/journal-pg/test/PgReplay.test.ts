import { PgJournal, PgOffsetStore, PgProcessLease, PgViewAliases, PgViewStore } from "@aecor/journal-pg"
import { ReplaySuite } from "@aecor/projection/testing"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"
import { nextSumsView, sumsView } from "./fixtures/view.js"

const table = "sums_event"

const Database = database(
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgJournal.migrations({ table }),
  PgViewAliases.migrations,
  sumsView,
  nextSumsView
)

ReplaySuite.suite(
  "on Postgres",
  Layer.mergeAll(
    PgJournal.layer(ReplaySuite.FewJournal, { table }),
    PgViewStore.layer(ReplaySuite.SumsView, { table: "sums", key: "key" }),
    PgViewStore.layer(ReplaySuite.NextSumsView, { table: "next_sums", key: "key" }),
    PgViewAliases.layer
  ).pipe(Layer.provideMerge(PgProcessLease.layer), Layer.provide(Database)),
  { clock: "live", every: 4, runs: 3 }
)
