/** Whether a journal's table is there, and what its wake-ups know it by. */
import { JournalError } from "@aecor/core"
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { tableName } from "./identifier.js"
import { statements } from "./journalStatements.js"
import { query } from "./query.js"
import { reasonOf } from "./sqlState.js"

/** The storage did not answer, or refused. */
export const unavailable = (journal: string, description: string, cause?: unknown): JournalError.JournalError =>
  new JournalError.JournalError({ journal, reason: "Unavailable", description, cause })

export const find = Effect.fnUntraced(function* (client: PgClient.PgClient, journal: string, table: string) {
  const [found] = yield* Effect.mapError(
    query(client)<{ readonly identity: string | null }>(statements(tableName(table)).identity),
    (cause) => unavailable(journal, reasonOf(cause), cause)
  )
  if (found === undefined || found.identity === null) {
    return yield* unavailable(journal, `there is no table ${table}: run the migrations of PgJournal before`)
  }
  return found.identity
})
