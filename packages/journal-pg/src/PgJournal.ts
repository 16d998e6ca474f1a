/**
 * A journal in a table of Postgres.
 *
 * Appends of a process go together in batches, one call of the table's own function each, and are answered one by one:
 * a conflict fails one append and not its neighbours. Positions are given in the order in which events become visible,
 * whatever number of processes append, so a reader of a tag only ever goes on from the last position it has seen.
 *
 * Guarantees beside those of every journal: an acknowledged append is on the server's disk, whatever
 * `synchronous_commit` says; an append whose answer is lost is sent again and takes effect once. Not guaranteed: that
 * what an asynchronous failover or a restored backup takes back is noticed.
 *
 * Appends and reads never take part in a transaction of their caller: each is one of its own, on another connection of
 * the pool. So a transaction that waits for an append needs a pool with room for both.
 *
 * @since 0.1.0
 */
import { type Journal, JournalError } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import * as appendBatch from "./internal/appendBatch.js"
import * as eventCodec from "./internal/eventCodec.js"
import * as groupCommit from "./internal/groupCommit.js"
import { tableName } from "./internal/identifier.js"
import * as journalReader from "./internal/journalReader.js"
import * as journalSql from "./internal/journalSql.js"
import { hubOf, Notifications } from "./internal/notifications.js"
import { query } from "./internal/query.js"
import { reasonOf } from "./internal/sqlState.js"
import * as PgMigrations from "./PgMigrations.js"

/**
 * Where a journal is kept: `table`, or `schema.table`; one journal a table.
 *
 * @since 0.1.0
 * @category models
 */
export interface Storage {
  readonly table: string
}

/**
 * How a journal works, with its defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** How long an append is tried while the server does not answer; 30 seconds. At least one try is made. */
  readonly patience?: Duration.DurationInput
  /** How often readers that wait look for events that no notification has told them of; 1 second. */
  readonly pollInterval?: Duration.DurationInput
}

const defaults = { patience: "30 seconds", pollInterval: "1 second" } satisfies Settings

/** Appends that are encoded and not yet answered, at the most; others wait with theirs not yet encoded. */
const capacity = 4096
const maxBatch = 512

/**
 * The migrations of a journal's table. Throws a `RangeError` when the table's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations = ({ table }: Storage): PgMigrations.Migrations => {
  const name = tableName(table)
  return PgMigrations.make(`PgJournal ${name.text}`, journalSql.steps(name))
}

const make = Effect.fnUntraced(function* <E extends { readonly _tag: string }, I>(
  definition: Journal.Definition<E, I>,
  options: Storage & Settings
) {
  const journal = definition.label
  const settings = { ...defaults, ...options }
  const client = yield* PgClient.PgClient
  const statements = journalSql.statements(tableName(options.table))
  const run = query(client)

  const unavailable = (description: string, cause?: unknown) =>
    new JournalError.JournalError({ journal, reason: "Unavailable", description, cause })
  const [found] = yield* Effect.mapError(run<{ readonly identity: string | null }>(statements.identity), (cause) =>
    unavailable(reasonOf(cause), cause)
  )
  if (found === undefined || found.identity === null) {
    return yield* unavailable(`there is no table ${options.table}: run the migrations of PgJournal before`)
  }

  const codec = eventCodec.make(journal, definition.event)
  const reader = yield* journalReader.make<E>({
    journal,
    identity: found.identity,
    sql: statements,
    query: run,
    decode: codec.decode,
    hub: yield* hubOf(client),
    pollInterval: settings.pollInterval
  })
  // the last to be made is the first to be closed: appends are drained while everything else still works
  const commit = appendBatch.make({
    journal,
    sql: client,
    statement: statements.append,
    patience: Duration.decode(settings.patience)
  })
  const submit = yield* groupCommit.make({
    maxBatch,
    commit,
    closed: (): appendBatch.AppendError => unavailable("the journal is closed")
  })
  const room = yield* Effect.makeSemaphore(capacity)
  const append: Journal.Journal<E>["append"] = Effect.fn("PgJournal.append")(function* (
    key,
    expected,
    events,
    { metadata = {} } = {}
  ) {
    const encoded = yield* codec.encode(key, events, metadata)
    return yield* submit({ key, expected, tag: definition.tagging.tagOf(key), ...encoded })
  }, room.withPermits(1))
  return { append, ...reader } satisfies Journal.Journal<E>
})

/**
 * The journal of a class, in a table that `migrations` has made. Fails with `JournalError` where there is no such table;
 * throws a `RangeError` when the table's name is none.
 *
 * Closing its scope lets the appends that it has taken be answered first.
 *
 * @example
 * ```ts
 * PgJournal.layer(BookingJournal, { table: "booking_event" })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Self, Name extends string, E extends { readonly _tag: string }, I>(
  journal: Journal.JournalClass<Self, Name, E, I>,
  options: Storage & Settings
): Layer.Layer<Self, JournalError.JournalError, PgClient.PgClient> => {
  tableName(options.table)
  return Layer.scoped(journal, make(journal, options)).pipe(Layer.provide(Notifications.layer))
}
