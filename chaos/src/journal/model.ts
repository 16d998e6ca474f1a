/** The journal that is put under strain, and the connection of each program to it. */
import { Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Layer, type Redacted, Schedule, Schema } from "effect"

/** Says which append it belongs to, and which of its events it is: see `checker.ts`. */
const Written = Schema.TaggedStruct("Written", { append: Schema.Int, index: Schema.Int })
export type Written = typeof Written.Type

export class ChaosJournal extends Journal.Tag<ChaosJournal>()("ChaosJournal", {
  event: Written,
  tagging: Tagging.partitioned("Chaos", 4)
}) {}

export const table = "chaos_event"
export const migrations = PgMigrations.layer([PgJournal.migrations({ table })])

/** The events of an append. */
export const eventsOf = (append: number, count: number): ReadonlyArray<Written> =>
  Array.from({ length: count }, (_, index) => ({ _tag: "Written", append, index }))

/** Appends are numbered within the life of a process, and a process that takes another's place begins a life. */
export const appendsPerLife = 2 ** 22

/** A client whose connections can be told from others' in `pg_stat_activity`. */
export const client = (url: Redacted.Redacted, applicationName: string, maxConnections = 4) =>
  PgClient.layer({ url, applicationName, maxConnections })

/** The journal as an application has it. Where Postgres is down when it starts, it tries again. */
export const journal = (connection: ReturnType<typeof client>, settings: PgJournal.Settings = {}) =>
  PgJournal.layer(ChaosJournal, { table, ...settings }).pipe(
    Layer.provide(connection),
    Layer.retry(Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(300)))
  )
