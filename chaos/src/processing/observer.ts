/** Reads what the nodes do from the database, past their wires. It waits through the database's own troubles. */
import type { SqlError } from "@effect/sql/SqlError"
import type { PgClient } from "@effect/sql-pg"
import { Effect, Schedule } from "effect"
import type { WriterSet } from "./model.js"
import * as Verdict from "./verdict.js"

/** Where a process stands: its last write, and what the lease says of it. */
export interface Standing {
  readonly process: string
  readonly set: string
  readonly runner: string
  readonly at: number
}

const through = <A>(read: Effect.Effect<A, SqlError>): Effect.Effect<A> =>
  Effect.orDie(Effect.retry(read, Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(1200))))

/** Rows of one page of writes. */
const pageSize = 20_000

export const make = (sql: PgClient.PgClient, sets: ReadonlyArray<WriterSet>) => {
  const writing = sets.filter(({ every }) => every > 0)
  const namesOf = ({ name, processes: count }: WriterSet) =>
    Array.from({ length: count }, (_, index) => `${name}/${index}`)
  const processes = writing.flatMap(namesOf)
  /** The pause between two writes of each process that stops at once: what is measured is the time beyond it. */
  const measured = new Map(
    writing
      .filter(({ stopping }) => stopping === 0)
      .flatMap((set) => namesOf(set).map((process) => [process, set.every] as const))
  )
  /** Everybody's last write, as far as there is one. */
  const standing = through(
    sql<Standing>`SELECT deployment || '/' || index AS process, deployment AS set, runner,
      extract(epoch FROM at)::float8 * 1000 AS at FROM chaos_process`
  )
  const writesSince = (from: number) =>
    through(
      sql<Verdict.Write>`SELECT deployment || '/' || index AS process, n::float8 AS n, epoch::float8 AS epoch, runner,
        extract(epoch FROM at)::float8 * 1000 AS at
        FROM chaos_write WHERE at >= to_timestamp(${from / 1000}::float8) ORDER BY id`
    )
  const page = (after: number) =>
    through(
      sql<Verdict.Write & { readonly id: number }>`SELECT id::float8 AS id, deployment || '/' || index AS process,
        n::float8 AS n, epoch::float8 AS epoch FROM chaos_write WHERE id > ${after} ORDER BY chaos_write.id
        LIMIT ${pageSize}`
    )
  const judge = Effect.gen(function* () {
    const { see, verdict } = Verdict.makeJudge()
    for (let after = 0; ;) {
      const rows = yield* page(after)
      for (const row of rows) see(row)
      after = rows.at(-1)?.id ?? after
      if (rows.length < pageSize) return verdict()
    }
  })
  /** The runners that coordinate a deployment, and the one that hosts the cluster library's own health check. */
  const coordinators = Effect.map(
    through(sql<{ readonly runner: string }>`SELECT DISTINCT runner FROM deployment_coordinator`),
    (rows) => rows.map(({ runner }) => runner)
  )
  // with advisory locks there is no such table, and nobody knows from outside
  const healthHost = Effect.gen(function* () {
    const [locks] = yield* through(
      sql<{ readonly known: boolean }>`SELECT to_regclass('cluster_locks') IS NOT NULL AS known`
    )
    if (locks?.known !== true) return undefined
    const [row] = yield* through(
      sql<{ readonly address: string }>`SELECT address FROM cluster_locks WHERE shard_id = ${healthShard}`
    )
    return row?.address
  })
  return { processes, measured, standing, writesSince, judge, coordinators, healthHost }
}

export type Observer = ReturnType<typeof make>

/** As the library finds the shard of a singleton, with its 300 shards a group. */
const hash = (text: string): number => {
  let h = 5381
  for (let i = text.length - 1; i >= 0; i--) h = (h * 33) ^ text.charCodeAt(i)
  return (h & 0xbfffffff) | ((h >>> 1) & 0x40000000)
}
const healthShard = `default:${Math.abs(hash("effect/cluster/Sharding/RunnerHealth") % 300) + 1}`
