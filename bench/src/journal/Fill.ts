/**
 * Journals of millions of events, made by the server itself: rows as the public append would have stored them, of ten
 * events a key, written by a thousand keys at a time. Small sets are appended in earnest; see `Reading.ts`.
 *
 * The journal keeps the tags of an event in its table's own columns, one tag an event: so an event of a rare tag has that
 * tag in the place of its partition's. Where that changes, `journalRows` is what changes with it.
 */
import { partitions, table } from "./BenchJournal.js"
import { metadata, plain } from "./BookingEvent.js"

/** The rare tags of a journal of `size` events: each stands on exactly 1,000 of them, evenly spread. */
const rareEvents = 1000
export const rareTags = 4
export const rareName = (size: number): string => `Rare${size}`

/** The remainder that the numbers of the events of a rare tag have, divided by `size / 1000`: no two tags' events meet. */
const remainder = (size: number, partition: number): number => 10 * Math.round(Math.log10(size) - 4) + 5 + partition

const literal = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", "''")}'`

/**
 * Events number `from + 1` to `to` as rows: what a journal's table holds, and the tag's name and partition. `sizes` are
 * those that have rare tags.
 */
export const source = (from: number, to: number, sizes: ReadonlyArray<number>): string => {
  const rare = sizes.flatMap((size) =>
    Array.from({ length: rareTags }, (_, partition) => {
      const condition = `n <= ${size} AND n % ${size / rareEvents} = ${remainder(size, partition)}`
      return { condition, name: rareName(size), partition }
    })
  )
  const choose = (of: (one: (typeof rare)[number]) => string, otherwise: string) =>
    `CASE ${rare.map((one) => `WHEN ${one.condition} THEN ${of(one)}`).join(" ")} ELSE ${otherwise} END`
  return `
    SELECT n AS position, key, (n - 1) % 10000 / 1000 + 1 AS sequence, gen_random_uuid() AS id,
      CASE n % 2 WHEN 0 THEN '${plain[0]?._tag}' ELSE '${plain[1]?._tag}' END AS type,
      ${choose(({ name }) => `'${name}'`, "'Booking'")} AS tag,
      ${choose(({ partition }) => String(partition), `(abs(hashtext(key)::bigint) % ${partitions})::integer`)} AS partition,
      CASE n % 2 WHEN 0 THEN ${literal(plain[0])} ELSE ${literal(plain[1])} END::jsonb AS payload,
      ${literal(metadata)}::jsonb AS metadata,
      timestamptz '2026-01-01' + n * interval '1 millisecond' AS "timestamp"
    FROM (
      SELECT n, 'booking-' || ((n - 1) / 10000 * 1000 + (n - 1) % 1000) AS key
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

/** The statements that put events into the journal's own tables. */
export const journalRows = (events: string): ReadonlyArray<string> => [insertInto(table, events)]

/** The tables that hold them. */
export const journalTables: ReadonlyArray<string> = [table]
