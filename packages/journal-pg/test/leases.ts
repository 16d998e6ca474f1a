/** What the tests of the process leases share. */
import { type Lease, type ProcessContext, ProcessLease } from "@aecor/core"
import { PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { inject } from "vitest"

export const silence = Duration.seconds(3)
export const noSilence = Duration.zero

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
