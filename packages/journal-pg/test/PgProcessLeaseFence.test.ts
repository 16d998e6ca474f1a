import { type ProcessContext, ProcessLease } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, expect, layer } from "@effect/vitest"
import { Array, Duration, Effect, Fiber, Option, Schedule } from "effect"
import { beatOf, claimed, Leases, noSilence, registered, silence } from "./leases.js"

type Fence = ProcessContext.Fence

describe("the fence of PgProcessLease", () => {
  layer(Leases, { excludeTestServices: true })((it) => {
    it.effect("keeps every write of an older epoch from following one of a newer", () =>
      Effect.gen(function* () {
        const guarded = yield* race("race guarded", "SELECT $3::bigint FROM aecor_guard($1, $2, $3, $4)")
        expect(guarded.accepted).toBeGreaterThan(20)
        expect(guarded.epochs).toBeGreaterThan(10)
        expect(guarded.stale).toBe(0)
      })
    )

    it.effect("would let stale writes through if the guard took no lock", () =>
      Effect.gen(function* () {
        const unguarded = yield* race(
          "race unguarded",
          "SELECT epoch FROM process_fence WHERE deployment = $1 AND index = $2 AND epoch = $3 AND token = $4"
        )
        expect(unguarded.stale).toBeGreaterThan(0)
      })
    )

    it.effect("ends a frozen transaction that holds the fence, and no beat waits for it", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("frozen", 2)
        const neighbour = { ...process, index: 1 }
        const fence = yield* claimed(process, "old")
        const other = yield* claimed(neighbour, "old")
        const frozen = yield* Effect.fork(Effect.exit(holding(fence)))
        const besides = yield* Effect.fork(Effect.exit(holding(other)))
        yield* untilHeld(2)

        let slowest = 0
        const beats = yield* Effect.fork(
          Effect.timed(lease.beat([beatOf(fence), beatOf(other)])).pipe(
            Effect.tap(([took]) => Effect.sync(() => void (slowest = Math.max(slowest, Duration.toMillis(took))))),
            Effect.repeat(Schedule.spaced("20 millis"))
          )
        )
        const [took, claim] = yield* Effect.timed(lease.claim(process, "new", noSilence))
        yield* Fiber.interrupt(beats)

        assert(claim._tag === "Claimed")
        expect(claim.fence.epoch).toBe(2)
        expect(Duration.toMillis(took)).toBeGreaterThan(490)
        expect(Duration.toMillis(took)).toBeLessThan(1500)
        expect(slowest).toBeLessThan(300)
        expect((yield* Fiber.join(frozen))._tag).toBe("Failure")
        expect(yield* lease.beat([beatOf(fence), beatOf(other)])).toEqual(["Fenced", "Held"])
        expect(Option.isNone(yield* Fiber.poll(besides))).toBe(true)
        yield* Fiber.interrupt(besides)
      })
    )

    it.effect("revokes an epoch whose transaction is frozen", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("revoked")
        const fence = yield* claimed(process, "old")
        const frozen = yield* Effect.fork(Effect.exit(holding(fence)))
        yield* untilHeld(1)
        yield* lease.revoke(process.deployment, process.index)
        expect((yield* Fiber.join(frozen))._tag).toBe("Failure")
        expect((yield* Effect.flip(lease.check(fence)))._tag).toBe("Fenced")
      })
    )

    it.effect("leaves the transactions of an owner that beats alone", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("beating")
        const fence = yield* claimed(process, "owner")
        const open = yield* Effect.fork(holding(fence))
        yield* untilHeld(1)
        const [took, claim] = yield* Effect.timed(lease.claim(process, "other", silence))
        expect(claim._tag).toBe("Busy")
        expect(Duration.toMillis(took)).toBeLessThan(300)
        expect(Option.isNone(yield* Fiber.poll(open))).toBe(true)
        yield* Fiber.interrupt(open)
      })
    )

    it.effect("lets a guarded transaction idle for 2 s, where the session sets no limit of its own", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const fence = yield* Effect.flatMap(registered("idle"), (process) => claimed(process, "owner"))
        const limit = sql<{ readonly limit: string }>`
          SELECT current_setting('idle_in_transaction_session_timeout') AS limit`
        const own = yield* sql.withTransaction(Effect.zipRight(guard(fence), limit))
        expect(own).toEqual([{ limit: "2s" }])
        const given = yield* sql.withTransaction(
          sql`SET LOCAL idle_in_transaction_session_timeout = '7s'`.pipe(
            Effect.zipRight(guard(fence)),
            Effect.zipRight(limit)
          )
        )
        expect(given).toEqual([{ limit: "7s" }])
      })
    )

    it.effect("refuses an older epoch's transaction with AE001", () =>
      Effect.gen(function* () {
        const process = yield* registered("refused")
        const old = yield* claimed(process, "old")
        const now = yield* claimed(process, "new")
        yield* guard(now)
        for (const wrong of [old, { ...now, token: old.token }]) {
          const error = yield* Effect.flip(guard(wrong))
          expect(error.cause).toMatchObject({ code: "AE001" })
        }
      })
    )
  })
})

const guard = ({ deployment, epoch, index, token }: Fence) =>
  Effect.flatMap(PgClient.PgClient, (sql) => sql`SELECT aecor_guard(${deployment}, ${index}, ${epoch}, ${token})`)

/** A transaction that has locked the fence and then does nothing for longer than a claim waits. */
const holding = (fence: Fence) =>
  Effect.flatMap(PgClient.PgClient, (sql) =>
    guard(fence).pipe(
      Effect.zipRight(Effect.sleep("700 millis")),
      Effect.zipRight(guard(fence)),
      Effect.forever,
      sql.withTransaction
    )
  )

const untilHeld = (transactions: number) =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%aecor_guard%'`
  ).pipe(Effect.repeat({ until: (rows) => rows.length >= transactions, schedule: Schedule.spaced("20 millis") }))

/**
 * Owners that rob each other of one process while they write. A write takes its number a while after it has looked at
 * the fence, so that a guard that does not hold shows: `stale` counts the writes of an epoch that follow a newer one's.
 */
const race = (deployment: string, fenced: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const process = yield* registered(deployment)
    const table = deployment.replace(" ", "_")
    yield* sql.unsafe(`
      CREATE SEQUENCE ${table}_number;
      CREATE FUNCTION ${table}_late() RETURNS bigint LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(random() * 0.01); RETURN nextval('${table}_number'); END $$;
      CREATE TABLE ${table} (number bigint DEFAULT ${table}_late(), epoch bigint)`)
    const write = (fence: Fence) =>
      Effect.match(
        sql.unsafe(`INSERT INTO ${table} (epoch) ${fenced} RETURNING epoch`, [
          fence.deployment,
          fence.index,
          fence.epoch,
          fence.token
        ]),
        { onFailure: () => false, onSuccess: (rows) => rows.length === 1 }
      )
    const owner = (runner: string) =>
      Effect.flatMap(claimed(process, runner), (fence) =>
        Effect.repeat(write(fence), { while: (accepted) => accepted, schedule: Schedule.recurs(20) })
      ).pipe(Effect.delay("10 millis"), Effect.forever, Effect.timeoutOption("2500 millis"))
    yield* Effect.all(
      Array.makeBy(6, (n) => owner(`owner ${n}`)),
      { concurrency: "unbounded" }
    )
    const [result] = yield* sql.unsafe<{ readonly accepted: number; readonly epochs: number; readonly stale: number }>(`
      SELECT count(*)::integer AS accepted, count(DISTINCT epoch)::integer AS epochs,
             count(*) FILTER (WHERE newest > epoch)::integer AS stale
      FROM (SELECT epoch, max(epoch) OVER (ORDER BY number) AS newest FROM ${table}) AS writes`)
    assert(result !== undefined)
    return result
  })
