/** A cluster of one node on Postgres, as an application would make it; the same one for the stock entity and for ours. */
import { PgCluster, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { Layer } from "effect"

/** `port`: one that nobody listens on. */
export const layer = (port: number) =>
  PgCluster.layer({ host: "127.0.0.1", port }).pipe(Layer.provide(PgMigrations.layer([PgProcessLease.migrations])))
