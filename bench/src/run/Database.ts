/** The server of a run: the one of DATABASE_URL, or an embedded Postgres with its default configuration, fsync on. */
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Config, type ConfigError, Context, Effect, Layer, Option, Redacted, type Scope } from "effect"

/** The server could not be started, or refused something. */
export type Failed = EmbeddedPostgres.ServerError | ConfigError.ConfigError | SqlError.SqlError

/** An empty one counts as none. */
const givenUrl = Config.nonEmptyString("DATABASE_URL").pipe(
  Config.validate({ message: "DATABASE_URL is no URL", validation: (text) => URL.canParse(text) }),
  Config.map((text) => Redacted.make(text)),
  Config.option
)

/** A server of the benchmark's own, which it may restart. */
export const own: Effect.Effect<EmbeddedPostgres.Running, Failed, Scope.Scope> = EmbeddedPostgres.make()

/** The URL of the server; databases are made in it. */
export class Server extends Context.Tag("bench/Database/Server")<Server, Redacted.Redacted>() {
  static readonly layer: Layer.Layer<Server, Failed> = Layer.scoped(
    Server,
    Effect.gen(function* () {
      const given = yield* givenUrl
      return Option.isSome(given) ? given.value : (yield* EmbeddedPostgres.make()).url
    })
  )
}

/** A port of the loopback that nobody uses. */
export const freePort: Effect.Effect<number, Failed> = EmbeddedPostgres.freePort

/** The URL of an empty database that is gone when the scope closes. */
export const make: Effect.Effect<string, Failed, Server | Scope.Scope> = Effect.gen(function* () {
  const server = yield* Server
  return Redacted.value(yield* EmbeddedPostgres.makeDatabase(server))
})

/** Lets the server know what was written, as its own housekeeping does sooner or later. */
export const settle = (url: string): Effect.Effect<void, SqlError.SqlError> =>
  PgClient.PgClient.pipe(
    Effect.flatMap((client) => client`VACUUM ANALYZE`),
    Effect.asVoid,
    Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 }))
  )
