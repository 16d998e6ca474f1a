/**
 * The statements of a journal's tables. Numbers of 64 bits come as text, whatever the client parses; so does JSON. A
 * bare name after ORDER BY would mean that text: hence `stored`.
 */
import type { Tagging } from "@aecor/core"
import type { TableName } from "./identifier.js"

/** A tag as `<table>_tag` and a row's `tags` hold it: no two tags have the same text. It is Postgres' text of the array. */
export const tagText = ({ name, partition }: Tagging.EventTag): string => `[${JSON.stringify(name)}, ${partition}]`

/** Milliseconds, from exact microseconds. */
const milliseconds = `(round(date_part('epoch', "timestamp") * 1000000)::bigint / 1000)::text`

/** In the order of `journalRow`. */
const columns = `stored.position::text, stored.key, stored.sequence::text, stored.id::text, stored.type,
  stored.version::text, stored.payload::text, stored.metadata::text, ${milliseconds}`

export const statements = ({ text }: TableName) => ({
  /** The identity of the table, which its wake-ups carry; null where there is no such table. */
  identity: `SELECT to_regclass('${text}')::oid::text AS identity`,

  append: `SELECT outcome, head::text, last_position::text FROM ${text}_append(
    $1::text[], $2::bigint[], $3::integer[], $4::uuid[], $5::uuid[], $6::text[], $7::integer[], $8::text[],
    $9::integer[], $10::integer[], $11::uuid[], $12::text[], $13::integer[], $14::text[], $15::text[], $16::integer)`,

  appendOne: `SELECT ${text}_append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)::text`,

  byKey: `SELECT ${columns} FROM ${text} stored WHERE stored.key = $1 AND stored.sequence > $2
    ORDER BY stored.sequence LIMIT $3`,

  /** The same for several keys, in their order. */
  byKeys: `SELECT ${columns} FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY asked (key, after, nth)
    CROSS JOIN LATERAL (SELECT * FROM ${text} one WHERE one.key = asked.key AND one.sequence > asked.after
      ORDER BY one.sequence LIMIT $3) stored
    ORDER BY asked.nth, stored.sequence`,

  /** After one position, up to another. */
  byPartition: `SELECT ${columns} FROM ${text} stored WHERE stored.tag = $1 AND stored.partition = $2
    AND stored.position > $3 AND stored.position <= $4 ORDER BY stored.position LIMIT $5`,

  /** The same for any other tag: one beside the partitions', or a partition's of a tagging that had another name. */
  byTag: `SELECT ${columns} FROM (
      (SELECT tagged.position FROM ${text}_tag tagged
       WHERE tagged.tag = $1 AND tagged.position > $4 AND tagged.position <= $5 ORDER BY tagged.position LIMIT $6)
      UNION
      (SELECT stored.position FROM ${text} stored WHERE stored.tag = $2 AND stored.partition = $3
         AND stored.position > $4 AND stored.position <= $5 ORDER BY stored.position LIMIT $6)
      ORDER BY position LIMIT $6
    ) found JOIN ${text} stored USING (position) ORDER BY stored.position`,

  /**
   * What many readers have in common: from one position to another, both included, the events of some partitions ($3,
   * $4) and of some other tags ($5). The first and the last event are there in any case: by its id, the first shows that
   * the past is still the same.
   */
  between: `SELECT ${columns}, stored.tag, stored.partition::text, array_to_json(stored.tags)::text FROM ${text} stored
    WHERE stored.position >= $1 AND stored.position <= $2
      AND (stored.partition = ANY($4::integer[]) AND stored.tag = ANY($3::text[])
        OR stored.tags && $5::text[] OR stored.position = $1 OR stored.position = $2)
    ORDER BY stored.position LIMIT $6`,

  /** Of what a statement selects with these columns: how many there are, and when the first was stored. */
  countOf: (selected: string) =>
    `SELECT count(*)::text, min(at::bigint)::text
    FROM (${selected}) behind(position, key, sequence, id, type, version, payload, metadata, at)`,

  /** The generations of a tagging. */
  generations: `SELECT partitions::text, first::text, since::text FROM ${text}_tagging
    WHERE tag = $1 ORDER BY generation`,

  repartition: `SELECT ${text}_repartition($1, $2::integer, $3::integer)::text`,

  /** After one position, up to another, the events of a tagging's keys that belong to a partition of so many. */
  byHash: `SELECT ${columns} FROM ${text} stored WHERE stored.tag = $1 AND ${text}_partition(stored.key, $3) = $2
    AND stored.position > $4 AND stored.position <= $5 ORDER BY stored.position LIMIT $6`,

  /**
   * The last event up to a position ($5) of each of so many partitions ($2) of a tagging, which stand in the rows from a
   * number ($3) and a position ($4) on; further back, where a partition has none there.
   */
  lastOfEach: `SELECT coalesce(
      (SELECT max(stored.position) FROM ${text} stored
       WHERE stored.tag = $1 AND stored.partition = $3::integer + one.number AND stored.position <= $5::bigint),
      (SELECT stored.position FROM ${text} stored
       WHERE stored.tag = $1 AND stored.position <= $4::bigint AND ${text}_partition(stored.key, $2::integer) = one.number
       ORDER BY stored.position DESC LIMIT 1),
      0)::text FROM generate_series(0, $2::integer - 1) one(number) ORDER BY one.number`,

  headOfPartition: `SELECT coalesce(max(position), 0)::text FROM ${text} WHERE tag = $1 AND partition = $2`,
  headOfTag: `SELECT greatest(0, (SELECT max(position) FROM ${text}_tag WHERE tag = $1),
    (SELECT max(position) FROM ${text} WHERE tag = $2 AND partition = $3))::text`,

  /** The last event, and the id of the one at a position. */
  head: `SELECT coalesce(last.position, 0)::text, last.id::text, (SELECT id::text FROM ${text} WHERE position = $1)
    FROM (SELECT 1) one LEFT JOIN LATERAL (
      SELECT stored.position, stored.id FROM ${text} stored ORDER BY stored.position DESC LIMIT 1
    ) last ON true`,

  /**
   * The last position up to a time, by halving: times never fall as positions grow, so no index on them is needed. In
   * each step the answer lies in [low, high]. No table has the name of the search, which needs quoting.
   */
  headAt: `WITH RECURSIVE "Search"(low, high) AS (
      SELECT 0::bigint, coalesce(max(position), 0) FROM ${text}
      UNION ALL
      SELECT CASE WHEN old THEN probe.position ELSE low END, CASE WHEN old THEN high ELSE middle - 1 END
      FROM "Search"
        CROSS JOIN LATERAL (SELECT (low + high + 1) / 2 AS middle) halved
        LEFT JOIN LATERAL (
          SELECT stored.position, stored."timestamp" < to_timestamp(($1::bigint + 1) / 1000.0) AS old FROM ${text} stored
          WHERE stored.position >= middle AND stored.position <= high ORDER BY stored.position LIMIT 1
        ) probe ON true
      WHERE low < high
    ) SELECT low::text FROM "Search" WHERE low = high`
})

export type Statements = ReturnType<typeof statements>
