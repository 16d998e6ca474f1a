/** The walk of docs/getting-started.md, run as it stands there. */
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option, Redacted } from "effect"
import { inject } from "vitest"
import { Overdrawn } from "./walk/account.js"
import { inMemory } from "./walk/memory.js"
import { onPostgres } from "./walk/postgres.js"

const seen = Option.some({ view: { balance: 70, movements: 2 }, version: 2 })

it.effect("the walk runs in memory: a rejection is typed, and the view has seen one's own write", () =>
  Effect.gen(function* () {
    const { refused, row } = yield* inMemory
    expect(refused).toEqual(new Overdrawn({ balance: 100 }))
    expect(row).toEqual(seen)
  })
)

it.live("the walk runs on Postgres, clustered, as it does in memory", () =>
  Effect.gen(function* () {
    const url = yield* EmbeddedPostgres.createDatabase(inject("postgresUrl"))
    const port = yield* EmbeddedPostgres.freePort
    const settings = ConfigProvider.fromMap(
      new Map([
        ["DATABASE_URL", Redacted.value(url)],
        ["CLUSTER_PORT", String(port)]
      ])
    )
    const { refused, row } = yield* Effect.withConfigProvider(onPostgres, settings)
    expect(refused).toEqual(new Overdrawn({ balance: 100 }))
    expect(row).toEqual(seen)
  })
)
