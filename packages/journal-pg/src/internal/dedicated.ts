/**
 * A connection of one's own, for one statement at a time: it is never waited for, it keeps its statements prepared, and
 * one on which nothing comes back can be destroyed without harm to anybody else.
 *
 * It is made when it is first needed, and again whenever it was lost. Rows come as arrays, of texts where the statement selects
 * texts. What a sending came to is told as it is: never
 * sent, or sent with an answer or without.
 */
import { SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Redacted, type Scope } from "effect"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Pg from "pg"
import type { Statement } from "./statement.js"

/** No answer; what was not even sent had no effect. */
interface Failed {
  readonly _tag: "Failed"
  readonly sent: boolean
  readonly cause: SqlError.SqlError
}

/** What came of a sending. */
export type Result = { readonly _tag: "Answered"; readonly rows: ReadonlyArray<ReadonlyArray<string | null>> } | Failed

export interface Dedicated {
  readonly send: (statement: Statement, values: ReadonlyArray<unknown>) => Effect.Effect<Result>
}

interface Open {
  readonly client: Pg.Client
  readonly socket: Duplex
}

const connectTimeout = Duration.seconds(5)

export const make = (options: {
  readonly config: PgClient.PgClientConfig
  /** What the connection is for: it stands in its name. */
  readonly purpose: string
  /** How long an answer is waited for; then the connection is given up. */
  readonly timeout: Duration.DurationInput
  /** Whether statements may be named: a pooler that changes the connection under a client does not bear it. */
  readonly named: boolean
}): Effect.Effect<Dedicated, never, Scope.Scope> => {
  const { config } = options
  const timeout = Duration.toMillis(options.timeout)
  let current: Open | undefined

  const forget = (open: Open) => {
    if (current === open) current = undefined
    open.socket.destroy()
  }

  const connect = (): Promise<Open> => {
    const socket = config.stream?.() ?? new Net.Socket()
    const client = new Pg.Client({
      ...connectionOf(config),
      application_name: `${config.applicationName ?? "aecor"} ${options.purpose}`,
      stream: () => socket,
      connectionTimeoutMillis: Duration.toMillis(config.connectTimeout ?? connectTimeout)
    })
    const open = { client, socket }
    // a connection that ends while nothing is asked of it is not missed: the next sending makes another
    client.on("error", () => forget(open))
    client.on("end", () => forget(open))
    return client.connect().then(
      () => {
        current = open
        return open
      },
      (cause: unknown) => {
        forget(open)
        throw cause
      }
    )
  }

  const query = (open: Open, { name, text }: Statement, values: ReadonlyArray<unknown>) =>
    Effect.async<Result>((resume) => {
      const done = (result: Result) => {
        clearTimeout(timer)
        resume(Effect.succeed(result))
      }
      const timer = setTimeout(() => {
        forget(open)
        done(failed(true, new Error(`no answer within ${timeout} ms`)))
      }, timeout)
      const asked = { ...(options.named ? { name } : {}), text, values: [...values], rowMode: "array" as const }
      // the types have the callback's error as always there
      open.client.query<Array<string | null>>(asked, (cause: Error | null, result) =>
        done(cause ? failed(true, cause) : { _tag: "Answered", rows: result.rows })
      )
    })

  const opened: Effect.Effect<Open, Failed> = Effect.suspend(() =>
    current === undefined
      ? Effect.tryPromise({ try: connect, catch: (cause) => failed(false, cause) })
      : Effect.succeed(current)
  )
  const send = (statement: Statement, values: ReadonlyArray<unknown>) =>
    Effect.matchEffect(opened, {
      onFailure: (notSent) => Effect.succeed<Result>(notSent),
      onSuccess: (open) => query(open, statement, values)
    })

  const close = Effect.async<void>((resume) => {
    const open = current
    if (open === undefined) return resume(Effect.void)
    const ended = () => {
      clearTimeout(timer)
      forget(open)
      resume(Effect.void)
    }
    const timer = setTimeout(ended, 1000)
    open.client.end().then(ended, ended)
  })
  return Effect.as(
    Effect.addFinalizer(() => close),
    { send }
  )
}

const failed = (sent: boolean, cause: unknown): Failed => ({
  _tag: "Failed",
  sent,
  cause: new SqlError.SqlError({ message: sent ? "the statement failed" : "there is no connection", cause })
})

/** Where and as whom the client connects. */
export const connectionOf = (config: PgClient.PgClientConfig): Pg.ClientConfig => ({
  ...(config.url === undefined ? {} : { connectionString: Redacted.value(config.url) }),
  ...(config.host === undefined ? {} : { host: config.host }),
  ...(config.port === undefined ? {} : { port: config.port }),
  ...(config.database === undefined ? {} : { database: config.database }),
  ...(config.username === undefined ? {} : { user: config.username }),
  ...(config.password === undefined ? {} : { password: Redacted.value(config.password) }),
  ...(config.ssl === undefined ? {} : { ssl: config.ssl })
})
