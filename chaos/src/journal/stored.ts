/** What the journal's table holds, asked of Postgres itself: the one place that knows the table's columns. */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { idOf, makeView, type View } from "./checker.js"
import { ChaosJournal, table } from "./model.js"

interface Row {
  readonly position: number
  readonly key: string
  readonly sequence: number
  readonly append: number
  readonly index: number
}

const pageSize = 20_000

const page = `
  SELECT position::float8 AS position, key, sequence::float8 AS sequence,
    (payload->>'append')::float8 AS append, (payload->>'index')::float8 AS index
  FROM ${table} stored WHERE stored.position > $1 ORDER BY stored.position LIMIT ${pageSize}`

interface Stored {
  readonly view: View
  /** The position of the last event of each partition. */
  readonly heads: ReadonlyMap<number, number>
}

/** All of it, by position. */
export const read = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const view = makeView()
  const heads = new Map<number, number>()
  for (let after = 0; ;) {
    const rows = yield* sql.unsafe<Row>(page, [after])
    for (const { append, index, key, position, sequence } of rows) {
      view.see({ partition: 0, key: Number(key), sequence, position, id: idOf(append, index) })
      heads.set(ChaosJournal.tagging.tagOf(key).partition, position)
      after = position
    }
    if (rows.length < pageSize) return { view, heads } satisfies Stored
  }
})
