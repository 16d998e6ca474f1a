/** A cluster of one node on Postgres, as an application would make it; the same one for the stock entity and for ours. */
import { PgCluster, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { Effect, Layer } from "effect"

export const layer = Layer.unwrapEffect(
  Effect.map(EmbeddedPostgres.freePort, (port) => PgCluster.layer({ host: "127.0.0.1", port }))
).pipe(Layer.provide(PgMigrations.layer([PgProcessLease.migrations])))
