/**
 * A connection of one's own to where a client connects, made by the driver alone: nobody else waits for it, and one on
 * which nothing comes back can be destroyed without harm to anybody.
 *
 * It is made when it is asked for, and again when it was lost. When the scope closes it is ended in good order within a
 * second, or destroyed: nothing of it is left that would keep the process alive, whatever the server does.
 */
import { SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Redacted, type Scope } from "effect"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Pg from "pg"

export interface Own {
  /** The connection, made where there is none. One at a time may ask. */
  readonly opened: Effect.Effect<Pg.Client, SqlError.SqlError>
  /** Destroys the connection. It is not used any more, and the next that is asked for is another. */
  readonly giveUp: (client: Pg.Client) => void
}

const connectTimeout = Duration.seconds(5)
const endTimeout = Duration.seconds(1)

export const make = (
  config: PgClient.PgClientConfig,
  /** What the connection is for: it stands in its name. */
  purpose: string
): Effect.Effect<Own, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Map<Pg.Client, Duplex>()
    let current: Pg.Client | undefined
    let closed = false

    const giveUp = (client: Pg.Client) => {
      if (current === client) current = undefined
      sockets.get(client)?.destroy()
      sockets.delete(client)
    }

    const connect = Effect.async<Pg.Client, SqlError.SqlError>((resume) => {
      if (closed) return resume(Effect.fail(noConnection(new Error("the connection is closed"))))
      const socket = config.stream?.() ?? new Net.Socket()
      const client = new Pg.Client({
        ...connectionOf(config),
        application_name: `${config.applicationName ?? "aecor"} ${purpose}`,
        stream: () => socket,
        connectionTimeoutMillis: Duration.toMillis(config.connectTimeout ?? connectTimeout)
      })
      sockets.set(client, socket)
      // one that ends while nothing is asked of it is not missed: the next who asks has another made
      client.on("error", () => giveUp(client))
      client.on("end", () => giveUp(client))
      client.connect().then(
        () => {
          current = client
          return resume(Effect.succeed(client))
        },
        (cause: unknown) => {
          giveUp(client)
          resume(Effect.fail(noConnection(cause)))
        }
      )
      return Effect.sync(() => giveUp(client))
    })

    const close = Effect.async<void>((resume) => {
      closed = true
      for (const client of sockets.keys()) if (client !== current) giveUp(client)
      const last = current
      if (last === undefined) return resume(Effect.void)
      const ended = () => {
        clearTimeout(timer)
        giveUp(last)
        resume(Effect.void)
      }
      const timer = setTimeout(ended, Duration.toMillis(endTimeout))
      last.end().then(ended, ended)
    })
    yield* Effect.addFinalizer(() => close)
    return { opened: Effect.suspend(() => (current === undefined ? connect : Effect.succeed(current))), giveUp }
  })

const noConnection = (cause: unknown) => new SqlError.SqlError({ message: "there is no connection", cause })

/** Where and as whom the client connects. */
const connectionOf = (config: PgClient.PgClientConfig): Pg.ClientConfig => ({
  ...(config.url === undefined ? {} : { connectionString: Redacted.value(config.url) }),
  ...(config.host === undefined ? {} : { host: config.host }),
  ...(config.port === undefined ? {} : { port: config.port }),
  ...(config.database === undefined ? {} : { database: config.database }),
  ...(config.username === undefined ? {} : { user: config.username }),
  ...(config.password === undefined ? {} : { password: Redacted.value(config.password) }),
  ...(config.ssl === undefined ? {} : { ssl: config.ssl })
})
