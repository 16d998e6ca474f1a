/**
 * What an application's connections to Postgres need beside the address.
 *
 * The network can lose a connection without telling either end: a proxy that stops forwarding, a firewall that forgets,
 * a host that is gone. Statements on it wait for ever, and a pool in which every connection is like that serves nobody
 * any more, though Postgres may long be reachable again. The library's own pools (process leases, cluster) notice it by
 * themselves; the application's client, on which journals and views work, is the application's to configure.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration } from "effect"
import { patience } from "./internal/query.js"
import * as silence from "./internal/silence.js"

/** So long after the library has given a statement up: whoever waits for it hears that, and not of the connection. */
const margin = Duration.seconds(10)

/**
 * Completes the configuration of a client: a connection on which nothing has come or gone for as long as `limit` is
 * closed. What waits on it fails with a `SqlError`, and its pool connects anew. That also ends attempts to connect that
 * nobody answers.
 *
 * The limit is 40 seconds unless given: longer than any statement of the library takes, migrations excepted, which run
 * on a connection without a limit. It has to be longer than any statement of yours, for a server that works on one is
 * silent, too; and than the pauses of your transactions, in which the connection is closed like any other. In a pool, to
 * close an idle connection only costs connecting again. A client that listens (`listen` of `PgClient`) is not told, so
 * its channel needs a message of some kind more often than that.
 *
 * The `stream` of the configuration is kept, and watched where it makes sockets of `node:net`; any other is left alone.
 *
 * @example
 * ```ts
 * PgClient.layerConfig(Config.map(Config.all({ url: Config.redacted("DATABASE_URL") }), PgConnection.noticingSilence()))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const noticingSilence =
  (limit: Duration.DurationInput = Duration.sum(patience, margin)) =>
  (config: PgClient.PgClientConfig): PgClient.PgClientConfig =>
    silence.limited(config, limit)
