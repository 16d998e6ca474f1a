/** Appends to the journal that the view follows, a little all the time, whatever becomes of Postgres. */
import { Effect, Random, Schedule } from "effect"
import * as Model from "./model.js"

const keys = 40

/** Guesses each key's head; a conflict tells it. */
export const feed = Effect.gen(function* () {
  const journal = yield* Model.NumbersJournal
  const heads = new Map<string, number>()
  const append = Effect.gen(function* () {
    const key = String(yield* Random.nextIntBetween(0, keys))
    yield* journal.append(key, heads.get(key) ?? 0, [Model.counted]).pipe(
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
