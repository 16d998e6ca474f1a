import { ProcessLease } from "@aecor/core"
import { ProcessLeaseSuite } from "@aecor/core/testing"
import { PgProcessLease } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { describe, expect, it, layer } from "@effect/vitest"
import { Array, Deferred, Effect, Fiber, Layer, Option, Random } from "effect"
import { beatOf, claimed, Database, elapse, Leases, longSilence, registered, silence, untilWaiting } from "./leases.js"

describe("PgProcessLease", () => {
  ProcessLeaseSuite.suiteLive("as every process lease", Leases, { elapse })

  layer(Leases, { excludeTestServices: true })("in Postgres", (on) => {
    on.effect("gives one of 100 simultaneous claims the process", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("claims")
        const claims = yield* Effect.forEach(
          Array.range(1, 100),
          (n) => lease.claim(process, `runner ${n}`, longSilence),
          {
            concurrency: "unbounded"
          }
        )
        expect(claims.filter((_) => _._tag === "Claimed")).toHaveLength(1)
        expect(claims.filter((_) => _._tag === "Busy")).toHaveLength(99)
      })
    )

    on.effect("takes a time from before the server's clock stepped back for long ago", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("clock")
        const { deployment } = process
        yield* claimed(process, "old")
        yield* lease.announce("old", [{ deployment }])
        expect(yield* lease.coordinate(deployment, "old", longSilence)).toBe(true)
        expect(yield* lease.coordinate(deployment, "new", longSilence)).toBe(false)
        expect((yield* lease.claim(process, "new", longSilence))._tag).toBe("Busy")

        yield* sql`UPDATE process_lease SET heartbeat_at = heartbeat_at + interval '2 hours'
          WHERE deployment = ${deployment}`
        yield* sql`UPDATE runner_beat SET beat_at = beat_at + interval '2 hours'`
        yield* sql`UPDATE deployment_coordinator SET until = until + interval '2 hours'`

        expect((yield* lease.list(deployment)).map((_) => _.sinceBeat)).toEqual([Option.some(Number.POSITIVE_INFINITY)])
        expect(yield* lease.runners(deployment, longSilence)).toEqual([])
        // and is not taken for now when the clock is there again
        yield* sql`UPDATE runner_beat SET beat_at = beat_at - interval '2 hours'`
        expect(yield* lease.runners(deployment, longSilence)).toEqual([])
        expect(yield* lease.coordinate(deployment, "new", longSilence)).toBe(true)
        expect((yield* lease.claim(process, "new", longSilence))._tag).toBe("Claimed")
      })
    )

    on.effect("bears beats in any order beside stops and resumes", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("crowd", 30)
        const fences = yield* Effect.forEach(Array.range(0, 29), (index) => claimed({ ...process, index }, "owner"))
        const shuffled = Effect.map(Random.shuffle(fences), (_) => lease.beat([..._].map(beatOf)))
        const beats = Effect.repeatN(Effect.flatten(shuffled), 50)
        const switching = Effect.repeatN(Effect.zipRight(lease.stop("crowd"), lease.resume("crowd")), 50)
        yield* Effect.all([beats, beats, beats, switching, switching], { concurrency: "unbounded" })
        expect((yield* lease.list("crowd")).every((_) => _.desired)).toBe(true)
      })
    )

    on.effect("suspends also what was resumed a moment before, and not committed yet", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const lease = yield* ProcessLease.ProcessLease
        yield* registered("moment", 2)
        yield* lease.stop("moment")
        const [isResumed, waits] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const resuming = yield* Effect.fork(
          sql`UPDATE process_lease SET desired = true WHERE deployment = 'moment' AND index = 0`.pipe(
            Effect.zipRight(Deferred.succeed(isResumed, undefined)),
            Effect.zipRight(Deferred.await(waits)),
            sql.withTransaction
          )
        )
        yield* Deferred.await(isResumed)
        const suspending = yield* Effect.fork(lease.suspend("moment"))
        yield* untilWaiting("aecor_suspend")
        yield* Deferred.succeed(waits, undefined)
        yield* Fiber.join(resuming)
        yield* Fiber.join(suspending)
        const wishes = Effect.map(lease.list("moment"), (rows) => rows.map((_) => [_.desired, _.suspended]))
        expect(yield* wishes).toEqual([
          [false, true],
          [false, false]
        ])
      })
    )

    on.effect("takes effect by itself within a caller's transaction that is rolled back", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("alone")
        yield* Effect.flip(sql.withTransaction(Effect.zipRight(lease.stop("alone"), Effect.fail("rolled back"))))
        expect((yield* lease.claim(process, "runner", silence))._tag).toBe("Obsolete")
      })
    )
  })

  it.live("says what the database said", () =>
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const error = yield* Effect.flip(lease.list("deployment"))
      expect(error._tag).toBe("ProcessLeaseError")
      expect(error.message).toContain('"process_lease" does not exist')
    }).pipe(Effect.provide(Layer.provide(PgProcessLease.layer, Database)))
  )
})
