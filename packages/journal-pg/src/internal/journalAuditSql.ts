/**
 * The statements of an audit. They only read; each looks at a page, but for the one that compares all ids. Everything
 * comes as text. No table is named after a common table expression here, whatever a journal's table is called.
 */
import type { Offset, Tagging } from "@aecor/core"
import type { TableName } from "./identifier.js"
import { statements as journalStatements } from "./journalStatements.js"
import type { Row } from "./journalRow.js"

/** An event as its page gives it. */
export type EventRow = readonly [
  position: string,
  key: string,
  sequence: string,
  type: string,
  version: string,
  payload: string,
  metadata: string,
  tag: string,
  partition: string,
  tags: string | null,
  missing: string | null,
  beforeSequence: string | null,
  beforePosition: string | null,
  twin: string | null,
  time: string | null,
  earlier: string | null
]

/** What an audit looks at of an event's row, beside what it decodes. */
export interface Stored {
  readonly key: string
  readonly sequence: number
  readonly position: Offset.Offset
  readonly type: string
  readonly metadata: unknown
  /** As far as decoding asks for it: without an id and a time. */
  readonly row: Row
}

/** An event, with what is known of its surroundings. */
export interface Audited {
  readonly stored: Stored
  /** The tag of its partition, the others of its row, and those among them that have no row of their own. */
  readonly tag: Pick<Tagging.EventTag, "name" | "partition">
  readonly tags: ReadonlyArray<string>
  readonly missing: ReadonlyArray<string>
  /** The event of its key with the next smaller sequence. */
  readonly before: { readonly sequence: number; readonly position: Offset.Offset } | undefined
  /** Where an event stands that has its key and its sequence, and was there before it. */
  readonly twin: Offset.Offset | undefined
  /** Its time and that of the event before it, where they are wrong. */
  readonly times: { readonly found: string; readonly before: string } | undefined
}

export const fromRow = (row: EventRow): Audited => {
  const [position, key, sequence, type, version, payload, metadata, name, partition, ...surroundings] = row
  const [tags, missing, beforeSequence, beforePosition, twin, time, earlier] = surroundings
  return {
    stored: {
      key,
      sequence: Number(sequence),
      position: Number(position),
      type,
      metadata: JSON.parse(metadata),
      row: [position, key, sequence, "", type, version, payload, metadata, "0"]
    },
    tag: { name, partition: Number(partition) },
    tags: textsOf(tags),
    missing: textsOf(missing),
    before:
      beforeSequence === null ? undefined : { sequence: Number(beforeSequence), position: Number(beforePosition) },
    twin: twin === null ? undefined : Number(twin),
    times: time === null ? undefined : { found: time, before: earlier ?? "" }
  }
}

/** The texts of a JSON array of them; a null, which no append stores, as `null`. */
const textsOf = (json: string | null): ReadonlyArray<string> =>
  json === null ? [] : (JSON.parse(json) as ReadonlyArray<unknown>).map(String)

/** An offender, or the last of its page. */
export type TagRow = readonly [tag: string, position: string, key: string | null, extra: string]

/** An offender, and how many there are in all. */
export type IdRow = readonly [position: string, key: string, id: string, first: string, count: string]

const time = (of: string) =>
  `concat(to_json(${of} AT TIME ZONE 'UTC') #>> '{}', CASE WHEN isfinite(${of}) THEN 'Z' END)`

export const statements = (name: TableName) => ({
  ...statementsOn(name.text),
  generations: journalStatements(name).generations
})

const statementsOn = (text: string) => ({
  head: `SELECT coalesce(max(position), 0)::text FROM ${text}`,

  /** After one position, up to another; at most so many. */
  events: `SELECT stored.position::text, stored.key, stored.sequence::text, stored.type, stored.version::text,
      stored.payload::text, stored.metadata::text, stored.tag, stored.partition::text,
      array_to_json(stored.tags)::text,
      (SELECT json_agg(carried.tag) FROM unnest(stored.tags) carried(tag)
       LEFT JOIN LATERAL (
         SELECT true FROM ${text}_tag tagged
         WHERE tagged.tag = carried.tag AND tagged.position = stored.position LIMIT 1
       ) beside(found) ON true
       WHERE beside.found IS NULL)::text,
      before.sequence::text, before.position::text,
      (SELECT min(same.position) FROM ${text} same
       WHERE same.key = stored.key AND same.sequence = stored.sequence AND same.position < stored.position)::text,
      CASE WHEN timed.wrong THEN ${time(`stored."timestamp"`)} END,
      CASE WHEN timed.wrong THEN ${time("stored.earlier")} END
    FROM (
      SELECT page.*, coalesce(lag(page."timestamp") OVER (ORDER BY page.position), (
        SELECT last."timestamp" FROM ${text} last WHERE last.position <= $1 ORDER BY last.position DESC LIMIT 1
      )) AS earlier
      FROM (
        SELECT * FROM ${text} one WHERE one.position > $1 AND one.position <= $2 ORDER BY one.position LIMIT $3
      ) page
    ) stored
      CROSS JOIN LATERAL (
        SELECT NOT isfinite(stored."timestamp") OR isfinite(stored.earlier) AND stored."timestamp" < stored.earlier
      ) timed(wrong)
      LEFT JOIN LATERAL (
        SELECT older.sequence, older.position FROM ${text} older
        WHERE older.key = stored.key AND older.sequence < stored.sequence
        ORDER BY older.sequence DESC, older.position LIMIT 1
      ) before ON true
    ORDER BY stored.position`,

  /**
   * The tags' rows after one tag ($1) and position ($2), at most so many ($3). A row and its event are stored together,
   * so there is no row beyond the head. Those up to a position ($4) are passed over.
   */
  tagRows: `SELECT found.tag, found.position::text, found.key, found.extra::text FROM (
      SELECT page.tag, page.position, stored.key,
        page.position > $4 AND NOT coalesce(page.tag = ANY(stored.tags), false) AS extra,
        row_number() OVER (ORDER BY page.tag DESC, page.position DESC) = 1 AS last
      FROM (
        SELECT one.tag, one.position FROM ${text}_tag one WHERE (one.tag, one.position) > ($1, $2::bigint)
        ORDER BY one.tag, one.position LIMIT $3
      ) page LEFT JOIN ${text} stored ON stored.position = page.position
    ) found WHERE found.extra OR found.last ORDER BY found.tag, found.position`,

  /** The events after a position ($1), up to another ($2), whose id an earlier event has; at most so many ($3). */
  ids: `SELECT stored.position::text, stored.key, stored.id::text, repeated.first::text, (count(*) OVER ())::text
    FROM (
      SELECT one.id, min(one.position) AS first FROM ${text} one WHERE one.position <= $2
      GROUP BY one.id HAVING count(*) > 1
    ) repeated JOIN ${text} stored ON stored.id = repeated.id AND stored.position > repeated.first
    WHERE stored.position > $1 AND stored.position <= $2 ORDER BY stored.position LIMIT $3`
})

export type Statements = ReturnType<typeof statements>
