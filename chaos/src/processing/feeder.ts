/** Appends to the journal that the view follows, a little all the time, whatever becomes of Postgres. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option, Random, Schedule } from "effect"
import { counted, journalLayer, NumbersJournal } from "./numbers.js"

const keys = 40

/** Appends to keys, each where it believes its head to be; a conflict tells that. Gives the sequence of what is stored. */
export const appending = Effect.map(NumbersJournal, (journal) => {
  const heads = new Map<string, number>()
  return (key: string): Effect.Effect<Option.Option<number>> =>
    journal.append(key, heads.get(key) ?? 0, [counted]).pipe(
      Effect.map(({ sequence }) => {
        heads.set(key, sequence)
        return Option.some(sequence)
      }),
      Effect.catchTags({
        VersionConflict: ({ actual }) => {
          heads.set(key, actual)
          return Effect.succeedNone
        },
        // whether it is there is no matter: the next append to the key finds out
        JournalError: () => Effect.succeedNone,
        InDoubt: () => Effect.succeedNone
      })
    )
})

const feed = Effect.flatMap(appending, (append) =>
  Effect.repeat(
    Effect.flatMap(Random.nextIntBetween(0, keys), (key) => append(String(key))),
    Schedule.spaced("50 millis")
  )
)

/** Begins to, until the fiber is interrupted or the scope closes. */
export const start = (sql: PgClient.PgClient) =>
  Effect.gen(function* () {
    const client = Layer.succeed(PgClient.PgClient, sql)
    const journal = yield* Layer.build(Layer.provide(journalLayer({ pooled: false }), client))
    return yield* Effect.forkScoped(Effect.provide(feed, journal))
  })
