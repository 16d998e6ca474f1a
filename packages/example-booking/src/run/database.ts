/** The demo's database: in the Postgres of DATABASE_URL, or in an embedded one. It is gone when the scope closes. */
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { Config, Effect, Option } from "effect"
import * as Screen from "./screen.js"

export const make = (keep: boolean) =>
  Effect.gen(function* () {
    const given = yield* Config.option(Config.redacted("DATABASE_URL"))
    if (Option.isSome(given)) {
      yield* Screen.say("using the Postgres of DATABASE_URL")
      return yield* keep ? EmbeddedPostgres.createDatabase(given.value) : EmbeddedPostgres.makeDatabase(given.value)
    }
    const server = yield* EmbeddedPostgres.make({ keep })
    yield* Screen.say(`started an embedded Postgres${keep ? ` in ${server.directory}` : ""}`)
    return yield* EmbeddedPostgres.createDatabase(server.url)
  })
