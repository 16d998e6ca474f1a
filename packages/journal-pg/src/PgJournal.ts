/**
 * A journal in a table of Postgres.
 *
 * Appends of a process go together in batches, one call of the table's own function each, and are answered one by one:
 * a conflict fails one append and not its neighbours. Positions are given in the order in which events become visible,
 * whatever number of processes append, so a reader of a tag only ever goes on from the last position it has seen.
 *
 * Guarantees beside those of every journal: an acknowledged append is on the server's disk, whatever
 * `synchronous_commit` says; an append whose answer is lost is sent again and takes effect once; what
 * an asynchronous failover or a restored backup takes back is noticed, by those who knew it: live readers and writers
 * with a `lastId` fail with `PastChanged`. Not guaranteed: that one who knows a position only notices it.
 *
 * Appends and reads never take part in a transaction of their caller: each is one of its own, on another connection of
 * the pool. So a transaction that waits for an append needs a pool with room for both.
 *
 * @since 0.1.0
 */
import type { Journal, JournalError } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Either, Layer } from "effect"
import * as appendBatch from "./internal/appendBatch.js"
import * as appendCall from "./internal/appendCall.js"
import * as dedicatedConnection from "./internal/dedicated.js"
import * as eventCodec from "./internal/eventCodec.js"
import { grants as grantsOf } from "./internal/grants.js"
import * as groupCommit from "./internal/groupCommit.js"
import { tableName } from "./internal/identifier.js"
import * as journalIdentity from "./internal/journalIdentity.js"
import * as journalReader from "./internal/journalReader.js"
import * as journalStatements from "./internal/journalStatements.js"
import * as journalRights from "./internal/journalRights.js"
import * as journalTable from "./internal/journalTable.js"
import { hubOf, Notifications } from "./internal/notifications.js"
import { rows } from "./internal/query.js"
import * as PgMigrations from "./PgMigrations.js"

export { audit, type AuditOptions } from "./internal/journalAudit.js"
export type { AuditReport, Offence } from "./internal/journalOffence.js"

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
  /**
   * Whether statements are prepared by name, so that a connection plans each once; true. A pooler in transaction mode
   * that does not know names (PgBouncer before 1.21) needs false.
   */
  readonly namedStatements?: boolean
}

const defaults = { patience: "30 seconds", pollInterval: "1 second", namedStatements: true } satisfies Settings

/** Appends that are encoded and not yet answered, at the most; others wait with theirs not yet encoded. */
const capacity = 4096
const maxBatch = 512
const halveAbove = 16

/** Longer than a page takes on a server that is well. */
const readTimeout = "15 seconds"

/**
 * The migrations of a journal's table. Throws a `RangeError` when the table's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations = ({ table }: Storage): PgMigrations.Migrations => {
  const name = tableName(table)
  return PgMigrations.make(`PgJournal ${name.text}`, journalTable.steps(name))
}

/**
 * The least that a node's role needs, as SQL for the owner of the tables to run: to read the tables, and to call the
 * functions, the one way in. Nothing else may be done with them, and nobody else may do as much.
 *
 * Run it as the last step of a migration, so that no node is without its rights for a moment; after a version with new
 * steps, as a step once more. A table without a schema stands in one that the role has to be able to use, as everybody
 * is `public`. Throws a `RangeError` when the name of the table or the role is none, or would need quoting.
 *
 * @example
 * ```ts
 * PgMigrations.make("rights", [PgMigrations.step("node", PgJournal.grants({ table: "booking_event" }, "booking_node"))])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = ({ table }: Storage, role: string): string =>
  grantsOf(role, journalRights.rights(tableName(table)))

const make = Effect.fnUntraced(function* <E extends { readonly _tag: string }, I>(
  definition: Journal.Definition<E, I>,
  options: Storage & Settings
) {
  const { label: journal, tagging } = definition
  const settings = { ...defaults, ...options }
  const client = yield* PgClient.PgClient
  const statements = journalStatements.statements(tableName(options.table))
  const named = settings.namedStatements

  const identity = yield* journalIdentity.find(client, journal, options.table)

  const codec = eventCodec.make(definition)
  const dedicated = (purpose: string, timeout: Duration.DurationInput) =>
    dedicatedConnection.make({ config: client.config, purpose: `${purpose} ${options.table}`, timeout, named })
  const reader = yield* journalReader.make<E>({
    journal,
    tagging,
    identity,
    sql: statements,
    rows: rows(client, named),
    tail: yield* dedicated("reads", readTimeout),
    decode: codec.decode,
    hub: yield* hubOf(client),
    pollInterval: settings.pollInterval
  })
  // the last to be made is the first to be closed: appends are drained while everything else still works
  const commit = appendBatch.make({
    journal,
    call: appendCall.make(yield* dedicated("appends to", appendCall.attemptTimeout), statements),
    patience: Duration.decode(settings.patience)
  })
  const submit = yield* groupCommit.make({
    capacity,
    maxBatch,
    halveAbove,
    commit,
    closed: (): appendBatch.AppendError => journalIdentity.unavailable(journal, "the journal is closed")
  })
  const append: Journal.Journal<E>["append"] = (key, expected, events, { lastId, metadata } = {}) =>
    traced(
      submit(() => {
        const encoded = codec.encode(key, events, metadata)
        const { partitions, tagOf } = tagging
        const ready = (_: eventCodec.EncodedAppend) => ({ key, expected, lastId, tag: tagOf(key), partitions, ..._ })
        return Either.isEither(encoded) ? Either.map(encoded, ready) : Effect.map(encoded, ready)
      })
    )
  return { append, ...reader } satisfies Journal.Journal<E>
})

/** A span where the caller has one: by itself it would tell nothing that is worth its cost. */
const traced = <A, E>(append: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withFiberRuntime((fiber) =>
    fiber.currentSpan === undefined ? append : Effect.withSpan(append, "PgJournal.append", { captureStackTrace: false })
  )

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
