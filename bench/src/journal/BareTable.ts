/**
 * A table of the same columns, constraints and indexes as the journal's own, taken from the catalog so that it stays so,
 * and rows for it: what a program without a framework would write.
 */
import { randomUUID } from "node:crypto"
import { Tagging } from "@aecor/core"
import type pg from "pg"
import { metadata, plain } from "./BookingEvent.js"
import { partitions, table as journalTable } from "./BenchJournal.js"
import { type Append, slice } from "./Writing.js"

const tagging = Tagging.partitioned("Booking", partitions)

/** The value of each column that a writer gives. A column that is not here is an error: someone must say what it holds. */
const values: Readonly<Record<string, (append: Append, i: number, event: (typeof plain)[number]) => unknown>> = {
  key: ({ key }) => key,
  sequence: ({ expected }, i) => expected + i + 1,
  id: () => randomUUID(),
  type: (_append, _i, event) => event._tag,
  tag: ({ key }) => tagging.tagOf(key).name,
  partition: ({ key }) => tagging.tagOf(key).partition,
  payload: (_append, _i, event) => JSON.stringify(event),
  metadata: () => JSON.stringify(metadata),
  timestamp: () => new Date().toISOString(),
  version: () => 1
}

export interface BareTable {
  readonly name: string
  /** The columns that a writer gives, as they are written in a statement. */
  readonly columns: ReadonlyArray<string>
  /** The events of an append, a row each, as their columns' values. */
  readonly rows: (append: Append, perAppend: number) => ReadonlyArray<ReadonlyArray<unknown>>
}

/** Makes the table where there is none. What may be null is left so, as it is for events without other tags. */
export const make = async (client: pg.ClientBase | pg.Pool, name: string): Promise<BareTable> => {
  await client.query(`CREATE TABLE IF NOT EXISTS ${name} (LIKE ${journalTable} INCLUDING ALL)`)
  const { rows } = await client.query<{ readonly column: string }>(
    `SELECT attname AS column FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''
       AND attnotnull
     ORDER BY attnum`,
    [name]
  )
  const givers = rows.map(({ column }) => {
    const giver = values[column]
    if (giver === undefined) throw new Error(`${journalTable} has a column ${column} that BareTable.ts does not fill`)
    return giver
  })
  return {
    name,
    columns: rows.map(({ column }) => `"${column}"`),
    rows: (append, perAppend) =>
      slice(plain, append.first, perAppend).map((event, i) => givers.map((giver) => giver(append, i, event)))
  }
}
