/**
 * Journals of many events, made by the server itself: rows as the public appends would have stored them, an event of each
 * entity in turn. So a page of events holds as many entities as it can: the hardest order for a view.
 */
import { BenchJournal, partitions, table } from "../journal/BenchJournal.js"
import { metadata, plain } from "../journal/BookingEvent.js"
import { insertInto, literal } from "../journal/Fill.js"

/** How many events of how many entities. */
export interface Filling {
  readonly events: number
  readonly entities: number
}

/** What alternates: the first two kinds of event. */
const [placed, confirmed] = plain
const payload = `CASE n % 2 WHEN 1 THEN ${literal(placed)} ELSE ${literal(confirmed)} END`
const type = `CASE n % 2 WHEN 1 THEN '${placed?._tag}' ELSE '${confirmed?._tag}' END`

const numbered = (entities: number, from: number, to: number): string => `
  SELECT (number - 1) / ${entities} + 1 AS n, number AS position, 'booking-' || (number - 1) % ${entities} AS key
  FROM generate_series(${from + 1}::bigint, ${to}::bigint) number`

const source = ({ entities }: Filling, from: number, to: number): string => `
  SELECT position, key, n AS sequence, gen_random_uuid() AS id, ${type} AS type, '${BenchJournal.tagging.name}' AS tag,
    ${table}_partition(key, ${partitions}) AS partition, ${payload}::json AS payload, ${literal(metadata)}::json AS metadata,
    clock_timestamp() AS "timestamp"
  FROM (${numbered(entities, from, to)}) numbers`

/** What is inserted at once. */
const piece = 50_000

/** Statements, each for some of the events. */
const pieces = (filling: Filling, statement: (from: number, to: number) => string): ReadonlyArray<string> =>
  Array.from({ length: Math.ceil(filling.events / piece) }, (_, i) =>
    statement(i * piece, Math.min(filling.events, (i + 1) * piece))
  )

/** The statements that put the events into our journal's table; the next append gets the position after them. */
export const ours = (filling: Filling): ReadonlyArray<string> => [
  ...pieces(filling, (from, to) => insertInto(table, source(filling, from, to))),
  `SELECT setval(pg_get_serial_sequence('${table}', 'position'), ${filling.events})`
]

/** The same for Emmett's tables. Its reader wants a transaction's events when the transaction is over, and in its order. */
export const emmett = (filling: Filling): ReadonlyArray<string> =>
  pieces(
    filling,
    (from, to) => `
    INSERT INTO emt_messages (stream_id, stream_position, global_position, transaction_id, partition,
      message_schema_version, message_id, message_type, message_data, message_metadata)
    SELECT key, n, position, pg_current_xact_id(), 'emt:default', '1', gen_random_uuid()::text, ${type},
      ${payload}::jsonb, ${literal(metadata)}::jsonb
    FROM (${numbered(filling.entities, from, to)}) numbers`
  )
