import { KeyValueStoreSuite } from "@aecor/core/testing"
import { PgKeyValueStore } from "@aecor/journal-pg"
import { Layer } from "effect"
import { database } from "./fixtures/database.js"

const storage = { table: "app.setting" }

KeyValueStoreSuite.suite(
  "PgKeyValueStore",
  PgKeyValueStore.layer(storage).pipe(Layer.provide(database(PgKeyValueStore.migrations(storage))))
)
