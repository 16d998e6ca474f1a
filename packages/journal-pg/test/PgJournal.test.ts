import { JournalSuite } from "@aecor/core/testing"
import { PgJournal } from "@aecor/journal-pg"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

const table = { table: "suite_event" }

JournalSuite.suite(
  "PgJournal",
  Layer.mergeAll(
    PgJournal.layer(JournalSuite.SuiteJournal, table),
    PgJournal.layer(JournalSuite.EarlierSuiteJournal, table)
  ).pipe(Layer.provide(database(PgJournal.migrations(table))))
)

const parted = { table: "parted_event" }

JournalSuite.repartitioning(
  "PgJournal that is repartitioned",
  Layer.mergeAll(
    PgJournal.layer(JournalSuite.FourJournal, parted),
    PgJournal.layer(JournalSuite.SevenJournal, parted),
    PgJournal.layer(JournalSuite.ThreeJournal, parted)
  ).pipe(Layer.provide(database(PgJournal.migrations(parted))))
)
