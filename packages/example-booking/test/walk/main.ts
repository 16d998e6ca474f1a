import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { NodeRuntime } from "@effect/platform-node"
import { ConfigProvider, Console, Effect, Redacted } from "effect"
import { inMemory } from "./memory.js"
import { onPostgres } from "./postgres.js"

// A Postgres from npm, thrown away at the end. With a server of your own, set DATABASE_URL and CLUSTER_PORT instead.
const onEmbeddedPostgres = Effect.gen(function* () {
  const { url } = yield* EmbeddedPostgres.make()
  const port = yield* EmbeddedPostgres.freePort
  const settings = new Map([
    ["DATABASE_URL", Redacted.value(url)],
    ["CLUSTER_PORT", String(port)]
  ])
  return yield* Effect.withConfigProvider(onPostgres, ConfigProvider.fromMap(settings))
})

const main = Effect.gen(function* () {
  yield* Console.log("in memory  ", JSON.stringify(yield* inMemory))
  yield* Console.log("on Postgres", JSON.stringify(yield* onEmbeddedPostgres))
})

NodeRuntime.runMain(Effect.scoped(main))
