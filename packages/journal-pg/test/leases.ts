/** What the tests of the process leases share. */
import { type Lease, type ProcessContext, ProcessLease } from "@aecor/core"
import { PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { Array, Duration, Effect, Layer, Option, Schedule } from "effect"
import { inject } from "vitest"

export const silence = Duration.seconds(3)
export const noSilence = Duration.zero
/** Longer than any test takes, on any machine. */
export const longSilence = Duration.hours(1)

/** An empty database. */
export const Database = Layer.unwrapEffect(
  Effect.suspend(() => EmbeddedPostgres.createDatabase(inject("postgresUrl"))).pipe(
    Effect.map((url) => PgClient.layer({ url, maxConnections: 20 }))
  )
)

/** The leases on a database of their own. */
export const Leases = PgProcessLease.layer.pipe(
  Layer.provideMerge(PgMigrations.layer([PgProcessLease.migrations])),
  Layer.provideMerge(Database)
)

/** A deployment of its own for each test; gives its first process. */
export const registered = (deployment: string, processes = 1) =>
  Effect.as(
    Effect.flatMap(ProcessLease.ProcessLease, (_) => _.register(deployment, processes)),
    { deployment, index: 0, generation: 0 }
  )

/** Claims in any case, as if the owner had been silent. */
export const claimed = (process: Lease.ProcessId, runner: string) =>
  Effect.gen(function* () {
    const claim = yield* (yield* ProcessLease.ProcessLease).claim(process, runner, noSilence)
    assert(claim._tag === "Claimed")
    return claim.fence
  })

/**
 * Claims as `claimed` does, but never ends a transaction that is in its way: it waits for that, however long it takes. For
 * tests that let the transaction go on when the claim waits: what they need for that may take any time.
 */
export const claimedAfter = ({ deployment, generation, index }: Lease.ProcessId, runner: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const [row] = yield* sql<{ readonly answer: string; readonly new_epoch: string; readonly new_token: string }>`
      SELECT * FROM aecor_claim_shaped(${deployment}, ${index}, ${generation}, ${runner}, 0, 60000, NULL, NULL)`
    assert(row?.answer === "Claimed")
    return { deployment, index, epoch: Number(row.new_epoch), token: row.new_token, runner }
  })

/** Within a transaction: the server does not end it while it idles, as it ends one that has passed the guard. */
export const unhurried = Effect.flatMap(
  PgClient.PgClient,
  (sql) => sql`SET LOCAL idle_in_transaction_session_timeout = '60s'`
)

/** Until a statement of this database that says so waits for a lock that another holds. */
export const untilWaiting = (what: string) =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE ${`%${what}%`}`
  ).pipe(Effect.repeat({ until: Array.isNonEmptyReadonlyArray, schedule: Schedule.spaced("10 millis") }))

export const beatOf = (fence: ProcessContext.Fence): Lease.Beat => ({
  fence,
  generation: 0,
  state: "Running",
  starts: 1,
  lastError: Option.none()
})

/** Lets time pass for what the leases have stored. */
export const elapse = (duration: Duration.DurationInput) =>
  Effect.flatMap(PgClient.PgClient, (sql) => {
    const seconds = Duration.toSeconds(duration)
    const back = sql`make_interval(secs => ${seconds})`
    return Effect.all([
      sql`UPDATE process_lease SET heartbeat_at = heartbeat_at - ${back}, sent_at = sent_at - ${back},
        desired_at = desired_at - ${back}, state_at = state_at - ${back}`,
      sql`UPDATE runner_beat SET beat_at = beat_at - ${back}`,
      sql`UPDATE deployment_coordinator SET until = until - ${back}`
    ])
  }).pipe(Effect.asVoid)
