/**
 * A connection that listens to the library's channel, and tells when it has ended.
 *
 * Not the client's own `listen`, which hears of no error: one that comes as the connection is made, or as it is closed
 * (the server's "terminating connection"), would end the process as an exception that nobody catches.
 */
import { SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Deferred, Effect, type Scope } from "effect"
import * as Net from "node:net"
import * as Pg from "pg"
import { channel } from "./channel.js"
import { connectionOf } from "./dedicated.js"

const lost = (cause: unknown) => new SqlError.SqlError({ message: "the listener's connection is lost", cause })

export interface Listening {
  /** Fails when the connection has ended. */
  readonly ended: Effect.Effect<never, SqlError.SqlError>
}

/**
 * Listens until the scope closes. Closing takes a second at the most; connecting has no limit of its own.
 */
export const listen = (
  config: PgClient.PgClientConfig,
  onMessage: (message: string) => void
): Effect.Effect<Listening, SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const ended = yield* Deferred.make<never, SqlError.SqlError>()
    const end = (cause: unknown) => Deferred.unsafeDone(ended, Effect.fail(lost(cause)))
    const { client } = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const socket = config.stream?.() ?? new Net.Socket()
        const made = new Pg.Client({
          ...connectionOf(config),
          application_name: `${config.applicationName ?? "aecor"} listens`,
          stream: () => socket
        })
        made.on("error", end)
        made.on("end", () => end(undefined))
        made.on("notification", ({ payload }) => onMessage(payload ?? ""))
        return { client: made, socket }
      }),
      (made) =>
        Effect.promise(() => made.client.end().catch(() => undefined)).pipe(
          Effect.interruptible,
          Effect.timeoutOption("1 second"),
          Effect.ensuring(Effect.sync(() => made.socket.destroy()))
        )
    )
    yield* Effect.tryPromise({
      try: () => client.connect().then(() => client.query(`LISTEN ${Pg.escapeIdentifier(channel)}`)),
      catch: lost
    })
    return { ended: Deferred.await(ended) }
  })
