/**
 * Readers that miss events, so that it is seen that the checker finds them out. Sixteen writers insert in transactions
 * of their own, as they would without a journal; one reader polls.
 *
 * - `counter`: the position comes from a sequence, and the reader asks for what is beyond the last one. A transaction
 *   that took its number earlier and commits later is passed over.
 * - `watermark`: rows carry their transaction's id too, and the reader holds back what is not below every transaction
 *   still open. So nothing that may be overtaken by id is shown; but the cursor is the position, and positions are
 *   given in another order than ids.
 */
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, type Redacted } from "effect"
import { idOf, judge, makeLedger, makeView } from "./checker.js"
import { client } from "./model.js"

const writers = 16
/** Half of them in one statement, half in another. */
const eventsPerAppend = 10
const appends = 2_000

const conditions = {
  counter: "true",
  watermark: "transaction < pg_snapshot_xmin(pg_current_snapshot())"
} as const
export type Naive = keyof typeof conditions

const createTable = `
  CREATE TABLE naive_event (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key integer, sequence integer, id float8,
    transaction xid8 DEFAULT pg_current_xact_id()
  )`
const insert = `
  INSERT INTO naive_event (key, sequence, id)
  SELECT $1, n, $2 + n - 1 FROM generate_series($3::integer, $4) n`
const page = (naive: Naive) => `
  SELECT position::float8 AS position, key, sequence, id FROM naive_event
  WHERE position > $1 AND ${conditions[naive]} ORDER BY naive_event.position LIMIT 1000`

interface Row {
  readonly position: number
  readonly key: number
  readonly sequence: number
  readonly id: number
}

/** Empty pages in a row, after the last commit, that mean that there is nothing more to come. */
const patience = 10

const run = (naive: Naive) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(createTable)
    const ledger = makeLedger()
    const seen = makeView()
    const writing = { done: false }

    const poll = (after: number) => sql.unsafe<Row>(page(naive), [after])
    const read = Effect.gen(function* () {
      for (let after = 0, empty = 0; !writing.done || empty < patience;) {
        const rows = yield* poll(after)
        for (const row of rows) seen.see({ ...row, partition: 0 })
        after = rows.at(-1)?.position ?? after
        empty = writing.done && rows.length === 0 ? empty + 1 : 0
        if (rows.length === 0) yield* Effect.sleep("2 millis")
      }
    })
    const append = (number: number) =>
      Effect.gen(function* () {
        ledger.sent({ append: number, key: number, expected: 0, count: eventsPerAppend })
        const insertPart = (from: number, to: number) => sql.unsafe(insert, [number, idOf(number, 0), from, to])
        yield* sql.withTransaction(
          Effect.zipRight(insertPart(1, eventsPerAppend / 2), insertPart(eventsPerAppend / 2 + 1, eventsPerAppend))
        )
        ledger.told(number, "stored")
      })

    const reader = yield* Effect.fork(read)
    const numbers = Array.from({ length: appends }, (_, i) => i)
    yield* Effect.forEach(numbers, append, { concurrency: writers, discard: true })
    writing.done = true
    yield* Fiber.join(reader)

    const stored = makeView()
    const rows = yield* sql.unsafe<Row>(
      "SELECT position::float8 AS position, key, sequence, id FROM naive_event ORDER BY naive_event.position"
    )
    for (const row of rows) stored.see({ ...row, partition: 0 })
    return { events: stored.counts.events, verdict: judge(stored, [seen], ledger) }
  })

/** What the checker says of such a reader, in a database of its own that is gone afterwards. */
export const check = (naive: Naive, admin: Redacted.Redacted) =>
  Effect.scoped(
    Effect.flatMap(EmbeddedPostgres.makeDatabase(admin), (url) =>
      Effect.provide(run(naive), client(url, "chaos naive", writers + 1))
    )
  )
