/** The Postgres of DATABASE_URL. */
import { PgConnection } from "@aecor/journal-pg"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Config, Data, Layer } from "effect"

class NoDatabase extends Data.TaggedError("NoDatabase")<{ readonly cause: SqlError }> {
  override readonly message = "no connection to the Postgres of DATABASE_URL"
}

export const Database = PgClient.layerConfig(
  Config.map(
    Config.all({
      url: Config.redacted("DATABASE_URL"),
      applicationName: Config.succeed("booking"),
      maxConnections: Config.succeed(20)
    }),
    PgConnection.noticingSilence()
  )
).pipe(Layer.mapError((error) => (error._tag === "SqlError" ? new NoDatabase({ cause: error }) : error)))
