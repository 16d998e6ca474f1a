// A user's own writes under the fence of a process.
import { ProcessContext } from "@aecor/core"
import { PgFence } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { describe, expect, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option } from "effect"
import { claimed, claimedAfter, Leases, registered, unhurried, untilWaiting } from "./leases.js"

describe("PgFence.guard", () => {
  layer(Leases, { excludeTestServices: true })((it) => {
    it.effect("stores the write of the newest run, and nothing of an older one", () =>
      Effect.gen(function* () {
        const { old, notes, now } = yield* twoRuns("zombie")
        yield* guarded(now, notes.write("now"))
        const error = yield* Effect.flip(guarded(old, notes.write("zombie")))
        expect(error).toBeInstanceOf(ProcessContext.Fenced)
        expect(error).toMatchObject({ deployment: "zombie", index: 0, epoch: old.epoch })
        expect(yield* notes.all).toEqual(["now"])
      })
    )

    it.effect("stores nothing of a write that fails, and gives its error", () =>
      Effect.gen(function* () {
        const { notes, now } = yield* twoRuns("failing")
        const failing = Effect.zipRight(notes.write("half"), Effect.fail("no more" as const))
        expect(yield* Effect.flip(guarded(now, failing))).toBe("no more")
        const refused = Effect.flatMap(PgClient.PgClient, (sql) => sql`INSERT INTO nowhere VALUES (1)`)
        expect(yield* Effect.flip(guarded(now, refused))).toMatchObject({ _tag: "SqlError" })
        expect(yield* notes.all).toEqual([])
      })
    )

    it.effect("keeps a newer run from beginning before the write has ended", () =>
      Effect.gen(function* () {
        const { notes, now, process } = yield* twoRuns("waiting")
        const { begun, goOn, write } = yield* paused(notes.write("slow"))
        const writing = yield* Effect.fork(guarded(now, write))
        yield* Deferred.await(begun)
        const claiming = yield* Effect.fork(claimedAfter(process, "newer"))
        yield* untilWaiting("aecor_claim")
        expect(Option.isNone(yield* Fiber.poll(claiming))).toBe(true)
        yield* Deferred.succeed(goOn, undefined)
        yield* Fiber.join(claiming)
        expect(yield* notes.all).toEqual(["slow"])
        yield* Fiber.join(writing)
      })
    )

    it.effect("ends a write that is frozen when a newer run begins: an error, and nothing is stored", () =>
      Effect.gen(function* () {
        const { notes, now, process } = yield* twoRuns("frozen")
        const { begun, goOn, write } = yield* paused(notes.write("frozen"))
        const writing = yield* Effect.fork(Effect.exit(guarded(now, write)))
        yield* Deferred.await(begun)
        yield* claimed(process, "newer")
        yield* Deferred.succeed(goOn, undefined)
        // the commit, on a connection that the server has ended
        expect(yield* Fiber.join(writing)).toMatchObject(Exit.fail({ _tag: "SqlError" }))
        expect(yield* notes.all).toEqual([])
      })
    )

    it.effect("is part of a caller's transaction, and idles there no longer than 2 s", () =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        const { notes, now } = yield* twoRuns("within")
        const limit = sql<{ readonly limit: string }>`
          SELECT current_setting('idle_in_transaction_session_timeout') AS limit`
        const rolledBack = guarded(now, Effect.zipRight(notes.write("within"), limit)).pipe(
          Effect.flatMap((found) => Effect.fail(found)),
          sql.withTransaction
        )
        expect(yield* Effect.flip(rolledBack)).toEqual([{ limit: "2s" }])
        expect(yield* notes.all).toEqual([])
      })
    )
  })
})

/** A process that has been claimed twice, and a table of its own. */
const twoRuns = (deployment: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const table = sql(`${deployment}_note`)
    yield* sql`CREATE TABLE ${table} (text text NOT NULL)`
    const process = yield* registered(deployment)
    const old = yield* claimed(process, "old")
    const now = yield* claimed(process, "now")
    const notes = {
      write: (text: string) => sql`INSERT INTO ${table} (text) VALUES (${text})`,
      all: Effect.map(sql<{ readonly text: string }>`SELECT text FROM ${table}`, (rows) => rows.map((_) => _.text))
    }
    return { process, old, now, notes }
  })

/** A write that stands still before its transaction ends. The server itself bears that for a minute. */
const paused = <A, E, R>(write: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const [begun, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const pause = Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(goOn))
    return { begun, goOn, write: Effect.all([unhurried, write, pause]) }
  })

const guarded = <A, E, R>(fence: ProcessContext.Fence, write: Effect.Effect<A, E, R>) =>
  Effect.provideService(PgFence.guard(write), ProcessContext.ProcessContext, fence)
