/** Appends to the journal that the view follows, a little all the time, whatever becomes of Postgres. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Random, Schedule } from "effect"
import { counted, journalLayer, NumbersJournal } from "./numbers.js"

const keys = 40

/** Guesses each key's head; a conflict tells it. */
const feed = Effect.gen(function* () {
  const journal = yield* NumbersJournal
  const heads = new Map<string, number>()
  const append = Effect.gen(function* () {
    const key = String(yield* Random.nextIntBetween(0, keys))
    yield* journal.append(key, heads.get(key) ?? 0, [counted]).pipe(
      Effect.map(({ sequence }) => void heads.set(key, sequence)),
      Effect.catchTags({
        VersionConflict: ({ actual }) => Effect.sync(() => void heads.set(key, actual)),
        // whether it is there is no matter: the next append to the key finds out
        JournalError: () => Effect.void,
        InDoubt: () => Effect.void
      })
    )
  })
  return yield* Effect.repeat(append, Schedule.spaced("50 millis"))
})

/** Begins to, until the fiber is interrupted or the scope closes. */
export const start = (sql: PgClient.PgClient) =>
  Effect.gen(function* () {
    const client = Layer.succeed(PgClient.PgClient, sql)
    const journal = yield* Layer.build(Layer.provide(journalLayer({ pooled: false }), client))
    return yield* Effect.forkScoped(Effect.provide(feed, journal))
  })
