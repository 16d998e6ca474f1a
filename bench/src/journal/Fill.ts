/**
 * Journals of millions of events, made by the server itself: rows as the public append would have stored them, of ten
 * events a key, written by a thousand keys at a time. Small sets are appended in earnest; see `Reading.ts`.
 *
 * An event of a rare tag has that tag in the place of its partition's: layouts with one tag an event hold it so. In the
 * journal it has both.
 */
import { BenchJournal, partitions, table } from "./BenchJournal.js"
import { metadata, plain } from "./BookingEvent.js"

/** The rare tags: each stands on exactly 1,000 events of a journal, evenly spread. */
export const rareName = "Rare"
export const rareTags = 4
const rareEvents = 1000

const bookingName = BenchJournal.tagging.name
const partitionOfKey = `(abs(hashtext(key)::bigint) % ${partitions})::integer`

export const literal = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", "''")}'`

/** Events number `from + 1` to `to` of a journal of `size` as rows: what its table holds, their tags included. */
export const source = (from: number, to: number, size: number): string => {
  // each of the rare tags once in `period` events, one after the other
  const period = size / rareEvents
  const step = period / rareTags
  return `
  SELECT n AS position, key, (n - 1) % 10000 / 1000 + 1 AS sequence, gen_random_uuid() AS id,
    CASE n % 2 WHEN 0 THEN '${plain[0]?._tag}' ELSE '${plain[1]?._tag}' END AS type,
    CASE WHEN slot % ${step} = 0 THEN '${rareName}' ELSE '${bookingName}' END AS tag,
    CASE WHEN slot % ${step} = 0 THEN (slot / ${step})::integer ELSE ${partitionOfKey} END AS partition,
    CASE n % 2 WHEN 0 THEN ${literal(plain[0])} ELSE ${literal(plain[1])} END::json AS payload,
    ${literal(metadata)}::json AS metadata,
    timestamptz '2026-01-01' + n * interval '1 millisecond' AS "timestamp"
  FROM (
    SELECT n, n % ${period} AS slot, 'booking-' || ((n - 1) / 10000 * 1000 + (n - 1) % 1000) AS key
    FROM generate_series(${from + 1}::bigint, ${to}::bigint) n
  ) numbers`
}

const columns = `position, key, sequence, id, type, tag, partition, payload, metadata, "timestamp"`

/** Inserts events into a table of the journal's shape, which may have one column more. */
export const insertInto = (
  name: string,
  events: string,
  more?: { readonly column: string; readonly value: string }
): string => `
  INSERT INTO ${name} (${columns}${more === undefined ? "" : `, ${more.column}`}) OVERRIDING SYSTEM VALUE
  SELECT ${columns}${more === undefined ? "" : `, ${more.value}`} FROM (${events}) events`

const isRare = `tag = '${rareName}'`
/** As the journal writes a tag. */
const rareText = `'["${rareName}", ' || partition || ']'`

/** The statements that put events into the journal's own tables. */
export const journalRows = (events: string): ReadonlyArray<string> => [
  `INSERT INTO ${table} (${columns}, tags) OVERRIDING SYSTEM VALUE
    SELECT position, key, sequence, id, type,
      CASE WHEN ${isRare} THEN '${bookingName}' ELSE tag END,
      CASE WHEN ${isRare} THEN ${partitionOfKey} ELSE partition END,
      payload, metadata, "timestamp", CASE WHEN ${isRare} THEN ARRAY[${rareText}] END
    FROM (${events}) events`,
  `INSERT INTO ${table}_tag (tag, position) SELECT ${rareText}, position FROM (${events}) events WHERE ${isRare}`
]

/** The tables that hold them. */
export const journalTables: ReadonlyArray<string> = [table, `${table}_tag`]
