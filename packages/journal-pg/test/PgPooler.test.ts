// Through a pooler in transaction mode a connection is a client's for a transaction only: nothing may be left on it, and
// nobody can listen. The adapters keep what they promise.
import { JournalSuite, OffsetStoreSuite, ProcessLeaseSuite } from "@aecor/core/testing"
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { ViewStoreSuite } from "@aecor/projection/testing"
import { describe } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { name, pooler, settings } from "./fixtures/pooler.js"
import { suiteView } from "./fixtures/view.js"
import { elapse } from "./leases.js"

describe(`through ${name}`, () => {
  const table = { table: "suite_event" }
  JournalSuite.suite(
    "PgJournal",
    Layer.mergeAll(
      PgJournal.layer(JournalSuite.SuiteJournal, { ...table, ...settings }),
      PgJournal.layer(JournalSuite.EarlierSuiteJournal, { ...table, ...settings })
    ).pipe(Layer.provide(database(PgJournal.migrations(table))))
  )

  OffsetStoreSuite.suite(
    "PgOffsetStore",
    Layer.merge(PgOffsetStore.layer, PgProcessLease.layer).pipe(
      Layer.provide(database(PgProcessLease.migrations, PgOffsetStore.migrations))
    )
  )

  ViewStoreSuite.suite(
    "PgViewStore",
    Layer.merge(
      PgViewStore.layer(ViewStoreSuite.SuiteView, { table: "suite_view", key: "key", namedStatements: false }),
      PgProcessLease.layer
    ).pipe(Layer.provide(database(PgProcessLease.migrations, PgOffsetStore.migrations, suiteView))),
    { clock: "live" }
  )

  ProcessLeaseSuite.suiteLive(
    "PgProcessLease",
    PgProcessLease.layer.pipe(Layer.provideMerge(database(PgProcessLease.migrations))),
    { elapse }
  )
})

/** A client of a new database, through a pooler of its own, in which the migrations have run. */
const database = (...migrations: ReadonlyArray<PgMigrations.Migrations>) =>
  Layer.unwrapScoped(
    Effect.zipWith(pooler, newDatabase, ({ through }, url) =>
      Layer.provideMerge(PgMigrations.layer(migrations), client(through(url), { maxConnections: 10 }))
    )
  )
