import { SnapshotStoreSuite } from "@aecor/core/testing"
import { PgSnapshotStore } from "@aecor/journal-pg"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

SnapshotStoreSuite.suite(
  "PgSnapshotStore",
  PgSnapshotStore.layer.pipe(Layer.provide(database(PgSnapshotStore.migrations)))
)
