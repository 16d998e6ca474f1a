import { DistributedProcessing } from "@aecor/core"
import { PgJournal, PgOffsetStore, PgProcessLease, PgTimers } from "@aecor/journal-pg"
import { TimersSuite } from "@aecor/projection/testing"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

TimersSuite.suite(
  "on Postgres",
  Layer.mergeAll(
    PgJournal.layer(TimersSuite.FiredJournal, { table: "fired_event" }),
    PgTimers.layer,
    PgOffsetStore.layer,
    DistributedProcessing.layerLocal
  ).pipe(
    Layer.provideMerge(PgProcessLease.layer),
    Layer.provide(
      database(
        PgProcessLease.migrations,
        PgOffsetStore.migrations,
        PgTimers.migrations,
        PgJournal.migrations({ table: "fired_event" })
      )
    )
  ),
  { clock: "live", runs: 10 }
)
