import { type ProcessContext, ProcessLease } from "@aecor/core"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, expect, layer } from "@effect/vitest"
import { Array, Deferred, Effect, Exit, Fiber, Option } from "effect"
import {
  beatOf,
  claimed,
  claimedAfter,
  Leases,
  longSilence,
  noSilence,
  registered,
  unhurried,
  untilWaiting
} from "./leases.js"

type Fence = ProcessContext.Fence

describe("the fence of PgProcessLease", () => {
  layer(Leases, { excludeTestServices: true })((it) => {
    it.effect(
      "lets no write of an older epoch follow one of a newer: the claim waits for a write that has passed",
      () =>
        Effect.gen(function* () {
          const { claim, older, writes } = yield* overlapping("guarded", guard)
          expect(Option.isNone(yield* Fiber.poll(claim))).toBe(true)
          yield* older.goOn
          expect(Exit.isSuccess(yield* older.ended)).toBe(true)
          const newer = yield* Fiber.join(claim)
          yield* writing("guarded", newer, guard)
          expect(yield* writes).toEqual([newer.epoch - 1, newer.epoch])
          const again = yield* Effect.exit(writing("guarded", { ...newer, epoch: newer.epoch - 1 }, guard))
          expect(Exit.isFailure(again)).toBe(true)
        })
    )

    it.effect("would let a stale write through if the guard took no lock", () =>
      Effect.gen(function* () {
        const { claim, older, writes } = yield* overlapping("unguarded", looking)
        const newer = yield* Fiber.join(claim)
        yield* writing("unguarded", newer, looking)
        yield* older.goOn
        expect(Exit.isSuccess(yield* older.ended)).toBe(true)
        expect(yield* writes).toEqual([newer.epoch, newer.epoch - 1])
      })
    )

    it.effect("lets the beats of a whole node pass while a claim of one process waits for a frozen transaction", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("passing", 2)
        const fence = yield* claimed(process, "old")
        const other = yield* claimed({ ...process, index: 1 }, "old")
        const frozen = yield* held(fence)
        const claiming = yield* Effect.fork(claimedAfter(process, "new"))
        yield* untilWaiting("aecor_claim")
        expect(yield* lease.beat([beatOf(fence), beatOf(other)])).toEqual(["Held", "Held"])
        expect(Option.isNone(yield* Fiber.poll(claiming))).toBe(true)
        yield* Fiber.interrupt(frozen)
        expect((yield* Fiber.join(claiming)).epoch).toBe(2)
        expect(yield* lease.beat([beatOf(fence), beatOf(other)])).toEqual(["Fenced", "Held"])
      })
    )

    it.effect("ends a frozen transaction that holds the fence, and no other", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("frozen", 2)
        const frozen = yield* held(yield* claimed(process, "old"))
        const besides = yield* held(yield* claimed({ ...process, index: 1 }, "old"))
        const claim = yield* lease.claim(process, "new", noSilence)
        assert(claim._tag === "Claimed")
        expect(claim.fence.epoch).toBe(2)
        expect((yield* Fiber.join(frozen))._tag).toBe("Failure")
        expect(Option.isNone(yield* Fiber.poll(besides))).toBe(true)
        yield* Fiber.interrupt(besides)
      })
    )

    it.effect("would hold up the beats of a whole node if writers locked the lease itself", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("lockedLease", 2)
        const fences = [yield* claimed(process, "old"), yield* claimed({ ...process, index: 1 }, "old")]
        const locked = yield* Deferred.make<void>()
        const frozen = sql`SELECT FROM process_lease WHERE deployment = 'lockedLease' AND index = 0 FOR SHARE`.pipe(
          Effect.zipRight(Deferred.succeed(locked, undefined)),
          Effect.zipRight(Effect.never),
          sql.withTransaction
        )
        const writer = yield* Effect.fork(frozen)
        yield* Deferred.await(locked)
        const beats = yield* Effect.fork(lease.beat(fences.map((fence) => beatOf(fence))))
        yield* untilWaiting("UPDATE process_lease")
        expect(Option.isNone(yield* Fiber.poll(beats))).toBe(true)
        yield* Fiber.interrupt(writer)
        expect(yield* Fiber.join(beats)).toEqual(["Held", "Held"])
      })
    )

    it.effect("revokes an epoch whose transaction is frozen", () =>
      Effect.gen(function* () {
        const lease = yield* ProcessLease.ProcessLease
        const process = yield* registered("revoked")
        const fence = yield* claimed(process, "old")
        const frozen = yield* held(fence)
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
        const open = yield* held(fence)
        expect((yield* lease.claim(process, "other", longSilence))._tag).toBe("Busy")
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

/** A transaction that has locked the fence and does nothing more; it notices when its connection is ended. */
const held = (fence: Fence) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const locked = yield* Deferred.make<void>()
    const transaction = Effect.gen(function* () {
      yield* unhurried
      yield* guard(fence)
      yield* Deferred.succeed(locked, undefined)
      return yield* Effect.forever(Effect.delay(guard(fence), "100 millis"))
    })
    const holding = yield* Effect.fork(Effect.exit(sql.withTransaction(transaction)))
    yield* Deferred.await(locked)
    return holding
  })

type Guard = (fence: Fence) => Effect.Effect<unknown, unknown, PgClient.PgClient>

/** What a guard without a lock would do: look, and find what was there a moment ago. */
const looking: Guard = ({ deployment, epoch, index, token }) =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql`SELECT FROM process_fence
      WHERE deployment = ${deployment} AND index = ${index} AND epoch = ${epoch} AND token = ${token}`
  ).pipe(Effect.filterOrFail(Array.isNonEmptyReadonlyArray, () => "fenced"))

const writing = (table: string, fence: Fence, guarded: Guard, before: Effect.Effect<void> = Effect.void) =>
  Effect.flatMap(PgClient.PgClient, (sql) =>
    unhurried.pipe(
      Effect.zipRight(guarded(fence)),
      Effect.zipRight(before),
      Effect.zipRight(sql.unsafe(`INSERT INTO written_${table} (epoch) VALUES ($1)`, [fence.epoch])),
      sql.withTransaction
    )
  )

/** A write of an older epoch that has passed its guard and not yet written, and a claim that has begun since. */
const overlapping = (deployment: string, guarded: Guard) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const process = yield* registered(deployment)
    yield* sql.unsafe(`CREATE TABLE written_${deployment} (number bigint GENERATED ALWAYS AS IDENTITY, epoch integer)`)
    const fence = yield* claimed(process, "old")
    const [passed, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const pause = Effect.zipRight(Deferred.succeed(passed, undefined), Deferred.await(goOn))
    const older = yield* Effect.fork(Effect.exit(writing(deployment, fence, guarded, pause)))
    yield* Deferred.await(passed)
    const claim = yield* Effect.fork(claimedAfter(process, "new"))
    // it either waits for the fence's lock, or has got through
    yield* Effect.raceFirst(Effect.exit(Fiber.await(claim)), untilWaiting("aecor_claim"))
    const rows = sql.unsafe<{ readonly epoch: number }>(`SELECT epoch FROM written_${deployment} ORDER BY number`)
    return {
      claim,
      older: { goOn: Deferred.succeed(goOn, undefined), ended: Fiber.join(older) },
      writes: Effect.map(rows, (all) => all.map(({ epoch }) => epoch))
    }
  })
