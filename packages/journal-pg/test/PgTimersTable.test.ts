// What timers cost at rest, in whose transaction they are scheduled, and who hears of them.
import { ProcessContext } from "@aecor/core"
import { PgFence, PgProcessLease, PgTimers } from "@aecor/journal-pg"
import { Timers } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { expect, layer } from "@effect/vitest"
import { Array, DateTime, Deferred, Effect, Fiber, Layer, Option } from "effect"
import * as timerSql from "../src/internal/timerSql.js"
import { database } from "./fixtures/database.js"
import { until } from "./fixtures/journal.js"
import { claimed, registered, untilWaiting } from "./leases.js"

const Services = Layer.mergeAll(PgTimers.layer, PgProcessLease.layer).pipe(
  Layer.provideMerge(database(PgProcessLease.migrations, PgTimers.migrations))
)

layer(Services, { excludeTestServices: true, timeout: "60 seconds" })("the table of timers", (it) => {
  it.effect(
    "a look at a hundred thousand pending timers reads as little as one at a few, and so does taking some",
    () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        yield* pending("many", 100_000)
        const looks = explained(timerSql.untilDue, ["many", allSlots])
        const atOnce = yield* looks
        yield* sql`VACUUM ANALYZE durable_timer`
        const later = yield* looks
        for (const { buffers, plan } of [atOnce, later]) {
          expect(plan).not.toContain("Seq Scan")
          expect(buffers).toBeLessThan(6 * Timers.slots)
        }
        const timers = yield* Timers.Timers
        const fence = yield* newFence("many")
        for (const id of ["a", "b", "c"]) yield* timers.schedule({ name: "many", id, due: yield* inMillis(-1000) })
        const parameters = [...timerSql.fenceParameters(fence), "many", allSlots, 500]
        const taken = yield* explained(timerSql.takeCall, parameters)
        expect(taken.plan).toContain(`"Actual Rows": 3`)
        expect(taken.buffers).toBeLessThan(2000)
        const page = yield* explained(timerSql.pending, ["many", null, "", 10])
        expect(page.plan).not.toContain("Seq Scan")
        expect(page.buffers).toBeLessThan(1000)
      })
  )

  it.effect("a timer is scheduled and cancelled in the caller's transaction, and with it undone", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const timers = yield* Timers.Timers
      const due = yield* inMillis(3_600_000)
      yield* timers.schedule({ name: "within", id: "kept", due })
      const undone = Effect.gen(function* () {
        expect(yield* timers.schedule({ name: "within", id: "new", due })).toBe("Scheduled")
        expect(yield* timers.cancel("within", "kept")).toBe("Cancelled")
        return yield* Effect.fail("undone")
      })
      expect(yield* Effect.flip(sql.withTransaction(undone))).toBe("undone")
      expect((yield* timers.pending("within", { most: 9 })).map(({ id }) => id)).toEqual(["kept"])
    })
  )

  it.effect("a run that is not the newest schedules nothing under its fence", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.Timers
      const due = yield* inMillis(3_600_000)
      const guarded = (id: string, fence: ProcessContext.Fence) =>
        Effect.provideService(
          PgFence.guard(timers.schedule({ name: "guarded", id, due })),
          ProcessContext.ProcessContext,
          fence
        )
      const older = yield* newFence("guarded")
      expect(yield* guarded("a", older)).toBe("Scheduled")
      const newer = yield* newFence("guarded")
      expect(yield* Effect.flip(guarded("b", older))).toMatchObject({ _tag: "Fenced" })
      expect(yield* guarded("c", newer)).toBe("Scheduled")
      expect((yield* timers.pending("guarded", { most: 9 })).map(({ id }) => id)).toEqual(["a", "c"])
    })
  )

  it.effect("who changes a timer that is due holds up none of the others", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const timers = yield* Timers.Timers
      const fence = yield* newFence("held")
      const share = { name: "held", slots: allSlots }
      const due = yield* inMillis(-1000)
      for (const id of ["a", "b"]) yield* timers.schedule({ name: "held", id, due })
      const changed = yield* Deferred.make<void>()
      const end = yield* Deferred.make<void>()
      const changing = yield* timers
        .schedule({ name: "held", id: "a", due: DateTime.add(due, { hours: 1 }) })
        .pipe(
          Effect.zipRight(Deferred.succeed(changed, undefined)),
          Effect.zipRight(Deferred.await(end)),
          sql.withTransaction,
          Effect.fork
        )
      yield* Deferred.await(changed)
      const take = Effect.map(timers.take(share, { fence, most: 9 }), (taken) => taken.map(({ id }) => id))
      expect(yield* take).toEqual(["b"])
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(changing)
      yield* timers.handedOver("held", { fence, ids: ["b"] })
      expect(yield* take).toEqual([])
      expect(yield* timers.cancel("held", "a")).toBe("Cancelled")
    })
  )

  it.effect("who cancels a timer that is made anew meanwhile cancels the new one", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const timers = yield* Timers.Timers
      const timer = { name: "anew", id: "a", due: yield* inMillis(3_600_000) }
      yield* timers.schedule(timer)
      const [made, end] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const making = yield* timers
        .cancel("anew", "a")
        .pipe(
          Effect.zipRight(timers.schedule(timer)),
          Effect.zipRight(Deferred.succeed(made, undefined)),
          Effect.zipRight(Deferred.await(end)),
          sql.withTransaction,
          Effect.fork
        )
      yield* Deferred.await(made)
      const cancelling = yield* Effect.fork(timers.cancel("anew", "a"))
      yield* untilWaiting("aecor_cancel_timer")
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(making)
      expect(yield* Fiber.join(cancelling)).toBe("Cancelled")
      expect(yield* timers.count("anew")).toBe(0)
    })
  )

  it.effect("one that is postponed after it was found due, and before it is locked, is not taken", () =>
    Effect.gen(function* () {
      expect(yield* takenWhileOneIsPostponed("postponed")).toEqual(["a"])
    })
  )

  it.effect("without the second look behind the lock it would be taken before it is due", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const [take] = yield* sql<{ text: string }>`SELECT pg_get_functiondef('aecor_take_timers'::regproc) AS text`
      const text = take?.text ?? ""
      const secondLook = /WHERE NOT stored\.handed_over AND stored\.due <= now_read\s+(?=FOR NO KEY UPDATE)/
      expect(text).toMatch(secondLook)
      yield* sql.unsafe(text.replace(secondLook, ""))
      const taken = yield* Effect.ensuring(takenWhileOneIsPostponed("too early"), Effect.orDie(sql.unsafe(text)))
      expect(taken).toEqual(["a", "b"])
    })
  )

  it.effect("the processes hear of a timer that is due within the horizon, and of no other", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.Timers
      let heard = 0
      const countIs = (count: number) =>
        until(
          `${count} to be heard`,
          Effect.sync(() => Option.liftPredicate(heard, (n) => n >= count))
        )
      yield* timers.subscribe(() => heard++)
      // whoever subscribes is told once that something may have been missed
      yield* countIs(1)
      const far = yield* inMillis(20_000)
      for (const id of ["a", "b", "c"]) yield* timers.schedule({ name: "heard", id, due: far })
      yield* timers.schedule({ name: "heard", id: "d", due: yield* inMillis(1000) })
      yield* countIs(2)
      yield* timers.schedule({ name: "heard", id: "a", due: yield* inMillis(1000) })
      yield* countIs(3)
      expect(heard).toBe(3)
    }).pipe(Effect.scoped)
  )

  it.effect("refuses what Postgres would not store as it is", () =>
    Effect.gen(function* () {
      const timers = yield* Timers.Timers
      const due = yield* inMillis(1000)
      for (const wrong of [
        { id: "a\0" },
        { id: "a\ud800" },
        { id: "a", payload: { n: Number.NaN } },
        { id: "a", payload: "\0" },
        { id: "a", payload: () => "a" }
      ]) {
        const error = yield* Effect.flip(timers.schedule({ name: "refused", due, ...wrong }))
        expect(error).toMatchObject({ _tag: "TimersError" })
      }
      expect(yield* Effect.flip(timers.cancel("refused", "a\ud800"))).toMatchObject({ _tag: "TimersError" })
      expect(yield* timers.count("refused")).toBe(0)
    })
  )
})

/** Two timers are due; when both are found and the first is taken, the second is postponed by somebody else. */
const takenWhileOneIsPostponed = (name: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const timers = yield* Timers.Timers
    const fence = yield* newFence(name)
    const due = yield* inMillis(-1000)
    for (const [n, id] of ["a", "b"].entries()) {
      yield* timers.schedule({ name, id, due: DateTime.add(due, { millis: n }) })
    }
    // whoever takes the first one waits behind this test, and has not locked the second
    yield* sql.unsafe(`
      CREATE OR REPLACE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock(7); RETURN new; END $$;
      CREATE OR REPLACE TRIGGER wait_here BEFORE UPDATE ON durable_timer FOR EACH ROW
        WHEN (new.id = 'a' AND old.fired_at IS NULL) EXECUTE FUNCTION wait_here()`)
    const [postponed, going] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const holding = yield* Effect.fork(
      sql.withTransaction(
        sql`SELECT pg_advisory_xact_lock(7)`.pipe(
          Effect.zipRight(Deferred.succeed(going, undefined)),
          Effect.zipRight(Deferred.await(postponed))
        )
      )
    )
    yield* Deferred.await(going)
    const taking = yield* Effect.fork(timers.take({ name, slots: allSlots }, { fence, most: 9 }))
    yield* untilWaiting("aecor_take_timers")
    expect(yield* timers.schedule({ name, id: "b", due: DateTime.add(due, { hours: 1 }) })).toBe("Rescheduled")
    yield* Deferred.succeed(postponed, undefined)
    yield* Fiber.join(holding)
    const taken = yield* Fiber.join(taking)
    yield* sql.unsafe("DROP TRIGGER wait_here ON durable_timer")
    return taken.map(({ id }) => id)
  })

const allSlots = Array.range(0, Timers.slots - 1)

const inMillis = (millis: number) => Effect.map(DateTime.now, DateTime.add({ millis }))

/** So many timers, an hour ahead and later. */
const pending = (name: string, count: number) =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql`INSERT INTO durable_timer (name, id, slot, due, payload, metadata)
      SELECT ${name}, 'timer-' || n, n % ${Timers.slots}, now() + interval '1 hour' + n * interval '1 second', 'null', '{}'
      FROM generate_series(1, ${count}) n`
  )

/** How many pages a statement reads, and its plan as text. */
const explained = (statement: string, parameters: ReadonlyArray<unknown>) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const [row] = yield* sql.unsafe<{ "QUERY PLAN": ReadonlyArray<Explained> }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`,
      [...parameters]
    )
    const plan = row?.["QUERY PLAN"][0]?.Plan
    if (plan === undefined) return yield* Effect.dieMessage("there is no plan")
    return { plan: JSON.stringify(plan, null, 1), buffers: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] }
  })

interface Explained {
  readonly Plan: { readonly "Shared Hit Blocks": number; readonly "Shared Read Blocks": number }
}

/** The fence of the next run of the one process of a deployment. */
const newFence = (deployment: string) => Effect.flatMap(registered(deployment), (process) => claimed(process, "one"))
