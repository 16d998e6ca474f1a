/** The audit of a journal in a table of Postgres, as `PgJournal` has it. */
import type { Journal, JournalError, Offset } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { bridged } from "./bridged.js"
import * as eventCodec from "./eventCodec.js"
import { tableName } from "./identifier.js"
import * as journalAuditSql from "./journalAuditSql.js"
import * as journalAuditWalk from "./journalAuditWalk.js"
import * as journalIdentity from "./journalIdentity.js"
import type { AuditReport } from "./journalOffence.js"
import { rows } from "./query.js"
import { reasonOf } from "./sqlState.js"
import { statement } from "./statement.js"

/**
 * How much of a journal is audited, and how, with its defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuditOptions {
  /** The table, as the journal's layer has it. */
  readonly table: string
  /** The events after this position; 0. An audit goes on from the `to` of an earlier one. */
  readonly from?: Offset.Offset
  /** How many events are read at a time; 1,000. */
  readonly pageSize?: number
  /** How many offences are named at the most; 1,000. All are counted. */
  readonly limit?: number
}

const defaults = { from: 0, pageSize: 1000, limit: 1000 }

/** Longer than any statement of an audit takes, also the one over all ids. */
const timeout = "1 hour"

/**
 * Proves that a journal holds what it promises, or names each event that does not: sequences from 1 without holes in
 * every key, positions that grow with them, times that never fall, tags as the tagging gives them today (in the event's
 * row and beside it), ids that no two events have, metadata and events that decode.
 *
 * The journal may be in use meanwhile: an audit only reads, page by page, what was there when it began. It needs the
 * rights of `grants`, and memory for a page, whatever the journal's size. Its last statement compares the ids of the
 * whole table, on the server's disk if need be: a `statement_timeout` of the role has to leave time for that. What no
 * audit can see is that a key has lost its last events, unless they had tags beside their partition's.
 *
 * Fails with `JournalError` `Unavailable` where there is no such table or the server does not answer. Throws a
 * `RangeError` when the table's name is none, or a number of the options is out of its range.
 *
 * @example
 * ```ts
 * const { offences } = yield* PgJournal.audit(BookingJournal, { table: "booking_event" })
 * yield* Effect.forEach(offences, ({ message }) => Effect.logError(message))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const audit = <Self, Name extends string, E extends { readonly _tag: string }, I>(
  journal: Journal.JournalClass<Self, Name, E, I>,
  options: AuditOptions
): Effect.Effect<AuditReport, JournalError.JournalError, PgClient.PgClient> => {
  const settings = { ...defaults, ...options }
  const least = { from: 0, pageSize: 1, limit: 0 }
  for (const name of ["from", "pageSize", "limit"] as const) {
    if (!Number.isSafeInteger(settings[name]) || settings[name] < least[name]) {
      throw new RangeError(`${name} must be an integer from ${least[name]} on, got ${settings[name]}`)
    }
  }
  const sql = journalAuditSql.statements(tableName(options.table))
  return Effect.gen(function* () {
    const client = yield* PgClient.PgClient
    yield* journalIdentity.find(client, journal.label, options.table)
    const run = rows(client, false, timeout)
    const ask: journalAuditWalk.Ask = (text, values) =>
      Effect.mapError(bridged(run(statement(text), values)), (cause) =>
        journalIdentity.unavailable(journal.label, reasonOf(cause), cause)
      )
    return yield* journalAuditWalk.run(journal, sql, ask, eventCodec.make(journal).decode, settings)
  }).pipe(Effect.withSpan("PgJournal.audit"))
}
