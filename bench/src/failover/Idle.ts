/** What nodes cost the database that have nothing to do: transactions a second while 65 processes sleep on three nodes. */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Schedule } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { text } from "../run/Figures.js"
import * as Competitor from "./Competitor.js"

const processes = 65
const sleeping = [{ name: "sleeping", processes, every: 0, stopping: 0 }]
/** Until they are all placed, and nobody moves any more. */
const settling = "15 seconds"

const transactions = (sql: PgClient.PgClient) =>
  Effect.map(
    sql<{ readonly count: number }>`SELECT (xact_commit + xact_rollback)::float8 AS count FROM pg_stat_database
      WHERE datname = current_database()`,
    ([row]) => row?.count ?? Number.NaN
  )

const placed = (sql: PgClient.PgClient) =>
  sql<{ readonly count: number }>`SELECT count(*)::integer AS count FROM process_lease WHERE runner IS NOT NULL`.pipe(
    Effect.repeat({ until: ([row]) => row?.count === processes, schedule: Schedule.spaced("100 millis") }),
    Effect.timeout("60 seconds")
  )

const measure = (competitor: Competitor.Competitor, seconds: number) =>
  Effect.gen(function* () {
    const server = yield* Database.own
    const { sql } = yield* Competitor.startFleet(server, competitor, sleeping)
    if (competitor === Competitor.ours) yield* placed(sql)
    yield* Effect.sleep(settling)
    const before = yield* transactions(sql)
    yield* Effect.sleep(seconds * 1000)
    return ((yield* transactions(sql)) - before) / seconds
  }).pipe(Competitor.failed, Effect.scoped)

export const run = (seconds: number): Part =>
  Effect.gen(function* () {
    const ours = yield* measure(Competitor.ours, seconds)
    const singleton = yield* measure(Competitor.singleton, seconds)
    return {
      tables: [
        {
          title: `Transactions a second of three idle nodes with ${processes} processes`,
          head: ["", "a second"],
          rows: [
            [Competitor.ours.title, text(ours)],
            [Competitor.singleton.title, text(singleton)]
          ]
        }
      ],
      summary: { idleTransactionsPerSecond: { ours, singleton } },
      raw: { ours, singleton, seconds }
    }
  })
