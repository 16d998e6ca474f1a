// Nodes of the first version on a database that newer ones have migrated: their statements, as they were, go on working.
import { ProcessLease } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { expect, layer } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Leases, registered, longSilence } from "./leases.js"

layer(Leases, { excludeTestServices: true })("the statements of the first version of the leases", (it) => {
  it.effect("run a process beside newer nodes, and are understood by them", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const sql = yield* PgClient.PgClient
      const process = yield* registered("older", 2)
      const row = Effect.map(lease.list("older"), ([first]) => first)

      yield* sql`
        INSERT INTO runner_beat (runner, deployments, beat_at) VALUES ('old', ARRAY['older'], clock_timestamp())
        ON CONFLICT (runner) DO UPDATE SET deployments = excluded.deployments, beat_at = clock_timestamp()`
      expect(yield* lease.runners("older", longSilence)).toEqual([{ name: "old", weight: 1 }])

      const [claim] = yield* sql<{ readonly answer: string; readonly new_epoch: string; readonly new_token: string }>`
        SELECT * FROM aecor_claim('older', 0, 0, 'old', 3600000, 500)`
      expect(claim).toMatchObject({ answer: "Claimed", new_epoch: "1" })
      expect(yield* row).toMatchObject({ runner: Option.some("old"), state: Option.some("Running") })
      expect((yield* lease.claim(process, "new", longSilence))._tag).toBe("Busy")

      const beat = (generation: number, state: string, error: string | null) => sql<{ readonly wanted: boolean }>`
        WITH beats AS (
          SELECT * FROM unnest(ARRAY['older'], ARRAY[0], ARRAY[1]::bigint[], ARRAY[${claim?.new_token}],
            ARRAY[${generation}]::bigint[], ARRAY[${state}], ARRAY[1], ARRAY[${error}]::text[]
          ) WITH ORDINALITY AS beat (deployment, index, epoch, token, generation, state, starts, last_error, position)
        ), owned AS (
          SELECT lease.deployment, lease.index FROM process_lease lease
          JOIN beats USING (deployment, index, epoch)
          JOIN process_fence fence USING (deployment, index)
          WHERE fence.token = beats.token
          ORDER BY lease.deployment, lease.index
          FOR NO KEY UPDATE OF lease
        )
        UPDATE process_lease lease
        SET heartbeat_at = clock_timestamp(), state = beats.state, starts = beats.starts, last_error = beats.last_error
        FROM beats JOIN owned USING (deployment, index)
        WHERE lease.deployment = beats.deployment AND lease.index = beats.index AND lease.epoch = beats.epoch
        RETURNING lease.generation = beats.generation AND lease.desired AS wanted`
      expect(yield* beat(0, "Running", null)).toEqual([{ wanted: true }])
      yield* lease.pin("older", 0, Option.some("new"))
      yield* lease.stop("older", 0)
      expect(yield* beat(0, "Stopping", "broken")).toEqual([{ wanted: false }])
      expect(yield* row).toMatchObject({ state: Option.some("Stopping"), lastError: Option.some("broken") })
      yield* sql`
        UPDATE process_lease SET runner = NULL
        WHERE deployment = 'older' AND index = 0 AND epoch = 1 AND EXISTS (
          SELECT FROM process_fence WHERE deployment = 'older' AND index = 0 AND token = ${claim?.new_token ?? ""}
        )`

      yield* sql`
        UPDATE process_lease SET desired = true, generation = generation + 1, sent_at = NULL
        WHERE deployment = 'older' AND NOT desired`
      expect(yield* row).toMatchObject({ desired: true, generation: 1, runner: Option.none() })
      const assigned = yield* sql<{ readonly generation: string }>`
        UPDATE process_lease SET generation = generation + 1, target = 'old', sent_at = clock_timestamp()
        WHERE deployment = 'older' AND index = 0 AND generation = 1 AND desired RETURNING generation`
      expect(assigned).toEqual([{ generation: "2" }])
      yield* sql`UPDATE process_lease SET desired = false WHERE deployment = 'older'`
      expect((yield* lease.list("older")).map((_) => [_.desired, _.pinned])).toEqual([
        [false, Option.some("new")],
        [false, Option.none()]
      ])
      expect((yield* lease.resume("older")).map((_) => _.generation)).toEqual([3, 1])
    })
  )

  it.effect("let nothing run of a deployment that is suspended before that is over", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const sql = yield* PgClient.PgClient
      yield* registered("suspended", 2)
      yield* lease.stop("suspended", 1)
      yield* lease.suspend("suspended")
      const fence = yield* lease.seize("suspended")
      const wishes = Effect.map(lease.list("suspended"), (rows) => rows.map((_) => [_.desired, _.suspended]))
      yield* sql`
        UPDATE process_lease SET desired = true, generation = generation + 1, sent_at = NULL
        WHERE deployment = 'suspended' AND NOT desired`
      expect(yield* wishes).toEqual([
        [false, true],
        [false, true]
      ])
      const shape = { processes: 2, fingerprint: "" }
      yield* lease.reshape(fence, shape, shape)
      expect(yield* wishes).toEqual([
        [true, false],
        [true, false]
      ])
    })
  )

  it.effect("are given nothing of a deployment that has another shape than at first", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const sql = yield* PgClient.PgClient
      yield* registered("reshaped", 2)
      yield* sql`INSERT INTO runner_beat (runner, deployments, beat_at)
        VALUES ('old', ARRAY['reshaped'], clock_timestamp())
        ON CONFLICT (runner) DO UPDATE SET deployments = excluded.deployments, beat_at = clock_timestamp()`
      const [first, second] = [
        { processes: 2, fingerprint: "" },
        { processes: 2, fingerprint: "new" }
      ]
      yield* lease.reshape(yield* lease.seize("reshaped"), first, second)
      expect(yield* lease.runners("reshaped", longSilence)).toEqual([])
      const claim = sql`SELECT answer FROM aecor_claim('reshaped', 0, 1, 'old', 3600000, 500)`
      expect(yield* claim).toEqual([{ answer: "Obsolete" }])
      expect(yield* sql`SELECT aecor_register('reshaped', 2) AS known`).toEqual([{ known: 2 }])
      yield* lease.reshape(yield* lease.seize("reshaped"), second, first)
      // it cannot know that what is registered is its own again
      expect(yield* claim).toEqual([{ answer: "Obsolete" }])
    })
  )
})
