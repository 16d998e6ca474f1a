// What runners leave behind whose addresses are new with each start, and what becomes of it.
import { Process } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Logger, type Redacted, Schedule } from "effect"
import { sweep } from "../src/internal/clusterHousekeeping.js"
import { client } from "./fixtures/database.js"
import { leasesDatabase, startRunner } from "./fixtures/runner.js"

const restarts = 200

it.scopedLive(
  "200 restarts under new addresses leave no more behind than a few, and nothing of who lives is swept away",
  () =>
    Effect.gen(function* () {
      const url = yield* leasesDatabase
      yield* Effect.gen(function* () {
        const living = yield* runner(url)
        yield* untilRunning
        const own = yield* counts
        expect(own["cluster_messages"]).toBeGreaterThan(0)
        let most = own
        for (let n = 0; n < restarts; n++) {
          yield* ghost(living.name, `10.0.${n}.1:34431`)
          yield* aMinuteLater(living.name)
          if (n % 5 === 0) yield* sweep
          most = larger(most, yield* counts)
        }
        // ten minutes of ghosts, and five until somebody sweeps
        const tooMany = Object.entries(most).filter(([table, count]) => {
          const each = own[table === "cluster_replies" ? "cluster_messages" : table] ?? 0
          return count > (own[table] ?? 0) + (ghostly.includes(table) ? 16 * each : 0)
        })
        expect(tooMany).toEqual([])
        for (let minute = 0; minute < 12; minute++) yield* aMinuteLater(living.name)
        // a runner that comes sweeps
        const other = yield* runner(url)
        yield* Effect.repeat(counts, {
          until: (now) =>
            now["cluster_runners"] === 2 && (now["cluster_messages"] ?? 0) <= 2 * (own["cluster_messages"] ?? 0),
          schedule: Schedule.spaced("100 millis")
        }).pipe(Effect.timeout("1 minute"))
        yield* other.stop
        yield* untilRunning
        yield* sweep
        const names = yield* addresses
        expect(names).toEqual([living.name])
      }).pipe(Effect.provide(client(url)))
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))),
  180_000
)

it.scopedLive(
  "a runner that was swept away while it was frozen comes back when it wakes",
  () =>
    Effect.gen(function* () {
      const url = yield* leasesDatabase
      yield* Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const { name } = yield* runner(url)
        yield* untilRunning
        yield* sql`UPDATE cluster_runners SET last_heartbeat = localtimestamp - interval '1 hour'`
        yield* sweep
        const back = Effect.repeat(sql`SELECT FROM cluster_runners WHERE address = ${name} AND healthy`, {
          until: (rows) => rows.length === 1,
          schedule: Schedule.spaced("100 millis")
        })
        yield* Effect.timeout(back, "1 minute")
        yield* untilRunning
      }).pipe(Effect.provide(client(url)))
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))),
  180_000
)

const idle = Process.fromEffect(Effect.never)
const runner = (url: Redacted.Redacted) => startRunner({ url, processes: [idle, idle] })

const untilRunning = Effect.flatMap(PgClient.PgClient, (sql) =>
  Effect.repeat(
    sql`SELECT FROM process_lease JOIN runner_beat USING (runner)
      WHERE state = 'Running' AND aecor_age(heartbeat_at) < 2000`,
    { until: (rows) => rows.length === 2, schedule: Schedule.spaced("100 millis") }
  )
).pipe(Effect.timeout("1 minute"))

/** The tables of the cluster and of the leases, with what a runner that was killed leaves in them. */
const ghostly = ["cluster_runners", "cluster_locks", "cluster_messages", "cluster_replies", "runner_beat"]
const tables = [...ghostly, "process_lease", "process_fence", "deployment", "deployment_coordinator"]

const counts = Effect.flatMap(PgClient.PgClient, (sql) =>
  Effect.forEach(tables, (table) =>
    Effect.map(
      sql.unsafe<{ readonly count: number }>(`SELECT count(*)::integer FROM ${table}`),
      ([row]) => [table, row?.count ?? 0] as const
    )
  )
).pipe(Effect.map((found): Readonly<Record<string, number>> => Object.fromEntries(found)))

const larger = (one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) =>
  Object.fromEntries(tables.map((table) => [table, Math.max(one[table] ?? 0, other[table] ?? 0)]))

/** Every address that any of the tables knows. */
const addresses = Effect.flatMap(
  PgClient.PgClient,
  (sql) =>
    sql<{ readonly address: string }>`
    SELECT address FROM cluster_runners UNION SELECT address FROM cluster_locks UNION SELECT runner FROM runner_beat
    UNION SELECT substring(entity_id FROM '[^@]*$') FROM cluster_messages WHERE entity_type = 'aecor/Process'`
).pipe(Effect.map((rows) => rows.map(({ address }) => address)))

/** The rows of a living runner once more, under another address: what kill -9 would leave of one that lived there. */
const ghost = (living: string, address: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    yield* sql`INSERT INTO cluster_runners (address, runner, healthy, last_heartbeat)
      SELECT ${address}, replace(runner, ${living}, ${address}), false, last_heartbeat FROM cluster_runners
      WHERE address = ${living}`
    yield* sql`INSERT INTO runner_beat SELECT ${address}, (of_it).deployments, (of_it).beat_at
      FROM (SELECT of_it FROM runner_beat of_it WHERE runner = ${living}) one`
    yield* sql`INSERT INTO cluster_locks SELECT ${address} || shard_id, ${address}, acquired_at FROM cluster_locks
      WHERE address = ${living} LIMIT 20`
    yield* sql`INSERT INTO cluster_messages (
        id, message_id, shard_id, entity_type, entity_id, kind, tag, payload, processed, request_id, last_read)
      SELECT id + 1000000::bigint * hashtext(${address}), ${address} || message_id, shard_id, entity_type,
        replace(entity_id, ${living}, ${address}), kind, tag, payload, processed,
        request_id + 1000000::bigint * hashtext(${address}), last_read
      FROM cluster_messages WHERE entity_id LIKE '%@' || ${living}`
    yield* sql`INSERT INTO cluster_replies (id, kind, request_id, payload, sequence)
      SELECT request_id, 0, request_id, '{}', 0 FROM cluster_messages WHERE entity_id LIKE '%@' || ${address}`
  })

/** A minute passes for all that is not of the living runner. */
const aMinuteLater = (living: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    yield* sql`UPDATE cluster_runners SET last_heartbeat = last_heartbeat - interval '1 minute' WHERE address IN (
      SELECT address FROM cluster_runners WHERE address <> ${living} FOR UPDATE SKIP LOCKED)`
    // a living runner takes the locks of the dead as well
    yield* sql`UPDATE cluster_locks SET acquired_at = acquired_at - interval '1 minute' WHERE shard_id IN (
      SELECT shard_id FROM cluster_locks WHERE address <> ${living} FOR UPDATE SKIP LOCKED)`
    yield* sql`UPDATE runner_beat SET beat_at = beat_at - interval '1 minute' WHERE runner <> ${living}`
    yield* sql`UPDATE cluster_messages SET last_read = last_read - interval '1 minute'
      WHERE entity_id NOT LIKE '%@' || ${living}`
  })
