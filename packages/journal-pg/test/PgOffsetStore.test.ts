import { OffsetStoreSuite } from "@aecor/core/testing"
import { PgOffsetStore, PgProcessLease } from "@aecor/journal-pg"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

OffsetStoreSuite.suite(
  "PgOffsetStore",
  Layer.merge(PgOffsetStore.layer, PgProcessLease.layer).pipe(
    Layer.provide(database(PgProcessLease.migrations, PgOffsetStore.migrations))
  )
)
