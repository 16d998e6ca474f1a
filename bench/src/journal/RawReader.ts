/** Reading by hand: the columns that the journal's own statements select, by pages, with the payload's JSON parsed. */
import type pg from "pg"

const pageSize = 1000

/** 64-bit numbers, JSON and time as text, which is what `pg` is fastest with. */
export const columns = `stored.position::text, stored.key, stored.sequence::text, stored.id::text, stored.type,
  stored.version::text, stored.payload::text, stored.metadata::text, (round(date_part('epoch', stored."timestamp") * 1000000)::bigint / 1000)::text AS "timestamp"`

interface Row {
  readonly position: string
  readonly sequence: string
  readonly payload: string
}

/** A statement with a name is parsed once a connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
}

export const byKey = (table: string): Statement => ({
  name: `${table}_by_key`,
  text: `SELECT ${columns} FROM ${table} stored
    WHERE stored.key = $1 AND stored.sequence > $2 ORDER BY stored.sequence LIMIT ${pageSize}`
})

export const byTag = (table: string): Statement => ({
  name: `${table}_by_tag`,
  text: `SELECT ${columns} FROM ${table} stored WHERE stored.tag = $1 AND stored.partition = $2 AND stored.position > $3
    ORDER BY stored.position LIMIT ${pageSize}`
})

/** One page, its payloads parsed. */
export const page = async (
  client: pg.ClientBase | pg.Pool,
  statement: Statement,
  values: ReadonlyArray<unknown>
): Promise<ReadonlyArray<Row & { readonly event: unknown }>> => {
  const { rows } = await client.query<Row>({ ...statement, values: [...values] })
  return rows.map((row) => ({ ...row, event: JSON.parse(row.payload) as unknown }))
}

/** Page after page until one is short; `last` is the row's column that the next page begins after. */
export const all = async (
  client: pg.ClientBase | pg.Pool,
  statement: Statement,
  values: ReadonlyArray<unknown>,
  last: "position" | "sequence"
): Promise<number> => {
  let events = 0
  let after = "0"
  while (true) {
    const rows = await page(client, statement, [...values, after])
    events += rows.length
    if (rows.length < pageSize) return events
    after = rows.at(-1)?.[last] ?? after
  }
}
