import type { Journal } from "@aecor/core"
import { PgJournal } from "@aecor/journal-pg"
import { Effect } from "effect"

/** Proves that the journal holds what it promises, or says what does not. Reads page by page; the journal goes on. */
export const audited = <Self, Name extends string, E extends { readonly _tag: string }, I>(
  journal: Journal.JournalClass<Self, Name, E, I>,
  table: string
) =>
  Effect.gen(function* () {
    const { offences } = yield* PgJournal.audit(journal, { table })
    yield* Effect.forEach(offences, ({ message }) => Effect.logError(message), { discard: true })
    return offences.length === 0
  })
