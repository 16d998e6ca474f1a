/** What is done to the journal while it is written and read: one fault after the other, each told as it happens. */
import type { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import type { PgClient } from "@effect/sql-pg"
import { Array, Deferred, Effect, Fiber, Schedule, type Scope } from "effect"
import { say } from "../run/screen.js"
import { type Crew, writerProcesses } from "./crew.js"
import type { Fault, Kind } from "./plan.js"

/** How often each was done; of backends and listeners, how many were ended. */
type Done = Record<Kind | "foreignTransaction", number>

/** The backends of writers and readers: those that listen, or the others. */
const terminate = (sql: PgClient.PgClient, which: "listeners" | "others", count: number) =>
  sql<{ readonly name: string }>`
    SELECT application_name AS name, pg_terminate_backend(pid) FROM (
      SELECT pid, application_name FROM pg_stat_activity
      WHERE application_name ~ '^chaos (writer|reader)' AND (query ILIKE 'listen%') = ${which === "listeners"}
      ORDER BY random() LIMIT ${count}
    ) AS chosen`.pipe(
    // after a restart it takes a while until somebody listens again
    Effect.filterOrFail(Array.isNonEmptyReadonlyArray, () => "nobody yet"),
    Effect.retry(Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(200)))
  )

const namesOf = (ended: ReadonlyArray<{ readonly name: string }>) =>
  ended.map(({ name }) => name.replace("chaos ", "")).join(", ")

/**
 * A transaction of somebody else that has written and stays open, as a forgotten console would keep it. It is opened
 * again where the server's going down has ended it. The client needs a second connection, to look whether it is there.
 */
export const makeForeign = (sql: PgClient.PgClient) =>
  Effect.gen(function* () {
    yield* sql`CREATE TABLE foreign_work (since timestamptz)`
    let current: Fiber.Fiber<unknown, unknown> = yield* Effect.fork(Effect.void)
    let since = Date.now()
    let longestMs = 0
    const end = Effect.suspend(() => {
      longestMs = Math.max(longestMs, Date.now() - since)
      return Fiber.interrupt(current)
    })
    const open: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function* () {
      yield* end
      const opened = yield* Deferred.make<void>()
      const work = Effect.zipRight(sql`INSERT INTO foreign_work VALUES (now())`, Deferred.succeed(opened, undefined))
      current = yield* sql
        .withTransaction(Effect.zipRight(work, Effect.never))
        .pipe(Effect.retry(Schedule.spaced("100 millis")), Effect.forkScoped)
      yield* Deferred.await(opened)
      since = Date.now()
    })
    const isOpen = Effect.map(
      sql<{ readonly pid: number }>`SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'
        AND backend_xid IS NOT NULL AND application_name = 'chaos foreign'`,
      (rows) => rows.length === 1
    )
    return { open, end, isOpen, longestSeconds: () => Math.round(longestMs / 1000) }
  })

export const make = (options: {
  readonly server: EmbeddedPostgres.Running
  readonly sql: PgClient.PgClient
  readonly crew: Crew
  readonly reopenForeign: Effect.Effect<void, never, Scope.Scope>
}) => {
  const { crew, reopenForeign, server, sql } = options
  const done: Done = {
    restart: 0,
    crash: 0,
    killWriter: 0,
    terminateBackends: 0,
    killListeners: 0,
    foreignTransaction: 1
  }
  const again = Effect.gen(function* () {
    yield* reopenForeign
    done.foreignTransaction += 1
    yield* say("  Postgres serves again, and a foreign transaction is open again")
  })

  const perform = ({ dice, kind }: Fault) =>
    Effect.gen(function* () {
      switch (kind) {
        case "restart":
        case "crash": {
          const how = kind === "restart" ? "fast" : "crash"
          yield* say(kind === "restart" ? "Postgres is restarted" : `kill -9 of Postgres (${server.pid})`)
          yield* server.restart(how)
          done[kind] += 1
          return yield* again
        }
        case "killWriter": {
          yield* say(yield* crew.replaceWriter(Math.floor(dice * writerProcesses)))
          done.killWriter += 1
          return
        }
        case "terminateBackends":
        case "killListeners": {
          const which = kind === "killListeners" ? "listeners" : "others"
          const ended = yield* terminate(sql, which, 1 + Math.floor(dice * 4))
          yield* say(`${which === "listeners" ? "listeners" : "backends"} terminated: ${namesOf(ended)}`)
          done[kind] += ended.length
          return
        }
      }
    })
  return { done, perform }
}
