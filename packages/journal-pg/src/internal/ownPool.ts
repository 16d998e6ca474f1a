/**
 * Connections of one's own, for what must not stand in line behind an application's transactions: a beat that comes late
 * costs a process, a lock that is refreshed late costs shards.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"

/** A pool that connects as the given client does, and is named after it and its purpose. */
export const layer = (
  purpose: string,
  connections: number
): Layer.Layer<PgClient.PgClient | SqlClient, SqlError, PgClient.PgClient> =>
  Layer.unwrapEffect(
    Effect.map(PgClient.PgClient, ({ config }) => {
      const {
        transformJson: _json,
        transformQueryNames: _queries,
        transformResultNames: _results,
        ...connection
      } = config
      return PgClient.layer({
        ...connection,
        applicationName: `${config.applicationName ?? "aecor"} ${purpose}`,
        maxConnections: connections,
        minConnections: 0
      })
    })
  )
