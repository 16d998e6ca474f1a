/**
 * Connections of one's own, made as the given client makes its: for what must not stand in line behind an application's
 * transactions (a beat that comes late costs a process, a lock that is refreshed late costs shards), and for what takes
 * longer than an application's connections allow.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, type Scope } from "effect"
import * as silence from "./silence.js"

/**
 * How long a connection may be silent before it is replaced. It is longer than any statement takes, and than the pauses
 * between them where a connection is kept: a claim of a process waits for 3.5 seconds; the cluster library refreshes its
 * locks every 5, on one connection, gives a refresh 5 more, and would lose the shards after 15.
 */
const limits = { leases: "6 seconds", beats: "6 seconds", cluster: "12 seconds" } as const

const pool = (config: PgClient.PgClientConfig, purpose: string, connections: number) => {
  const { transformJson: _json, transformQueryNames: _queries, transformResultNames: _results, ...connection } = config
  return PgClient.layer({
    ...connection,
    applicationName: `${config.applicationName ?? "aecor"} ${purpose}`,
    maxConnections: connections,
    minConnections: 0
  })
}

/** A pool that connects as the given client does, and is named after it and its purpose. */
export const layer = (
  purpose: keyof typeof limits,
  connections: number
): Layer.Layer<PgClient.PgClient | SqlClient, SqlError, PgClient.PgClient> =>
  Layer.unwrapEffect(
    Effect.map(PgClient.PgClient, ({ config }) => pool(silence.limited(config, limits[purpose]), purpose, connections))
  )

/**
 * A client whose statements may take as long as they like: the given one, or else one of its kind. It has a second
 * connection, because a statement that is interrupted is cancelled over another one: alone it would be waited for.
 */
export const unhurried = (
  client: PgClient.PgClient,
  purpose: string
): Effect.Effect<PgClient.PgClient, SqlError, Scope.Scope> =>
  silence.isLimited(client.config)
    ? Effect.map(Layer.build(pool(silence.unlimited(client.config), purpose, 2)), Context.get(PgClient.PgClient))
    : Effect.succeed(client)
