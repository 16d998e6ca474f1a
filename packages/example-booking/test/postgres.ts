/** A new database on the test run's server for each layer that is built from this. */
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { inject } from "vitest"

export const freshDatabase = Layer.unwrapEffect(
  Effect.suspend(() => EmbeddedPostgres.createDatabase(inject("postgresUrl"))).pipe(
    Effect.map((url) => PgClient.layer({ url, maxConnections: 20 }))
  )
)
