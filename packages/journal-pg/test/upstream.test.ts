// What the libraries beneath do that is worked around here: see docs/upstream.md. A test that fails after an upgrade says
// that a work-around may go.
import { TcpProxy } from "@aecor/journal-pg/testing"
import { SqlRunnerStorage, ShardingConfig } from "@effect/cluster"
import { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Layer, Option, Queue, type Redacted, Schedule, Stream } from "effect"
import { newDatabase } from "./fixtures/database.js"

const connect = (url: Redacted.Redacted, settings: PgClient.PgClientConfig = {}) =>
  Effect.map(Layer.build(Layer.fresh(PgClient.layer({ ...settings, url }))), Context.get(PgClient.PgClient))

const isAnswered = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timeoutOption(effect, "1 second"), Option.isSome)

describe("@effect/sql-pg", () => {
  it.scopedLive("cannot notify: it passes a parameter where NOTIFY takes none", () =>
    Effect.gen(function* () {
      const sql = yield* connect(yield* newDatabase)
      const error = yield* Effect.flip(sql.notify("channel", "payload"))
      expect(error.cause).toMatchObject({ code: "42601" })
    })
  )

  it.scopedLive("leaves out notifications that say nothing, and does not notice that its listener has died", () =>
    Effect.gen(function* () {
      const sql = yield* connect(yield* newDatabase)
      const heard = yield* Queue.unbounded<string>()
      const listening = yield* Effect.fork(Stream.runForEach(sql.listen("channel"), (said) => Queue.offer(heard, said)))
      const say = (said: string) => sql`SELECT pg_notify('channel', ${said})`
      yield* Effect.repeat(say("hello"), {
        until: () => Effect.map(Queue.size(heard), (n) => n > 0),
        schedule: Schedule.spaced("20 millis")
      })
      yield* Queue.takeAll(heard)
      yield* say("")
      yield* say("something")
      expect(yield* Effect.repeat(Queue.take(heard), { while: (said) => said === "hello" })).toBe("something")

      const ended = yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'`
      expect(ended).toHaveLength(1)
      yield* say("nobody hears this")
      expect(yield* isAnswered(Queue.take(heard))).toBe(false)
      expect(listening.unsafePoll()).toBe(null)
    })
  )

  it.scopedLive("makes a defect of a commit that fails", () =>
    Effect.gen(function* () {
      const sql = yield* connect(yield* newDatabase)
      yield* sql`CREATE TABLE child (
        id integer PRIMARY KEY, parent integer REFERENCES child DEFERRABLE INITIALLY DEFERRED
      )`
      const exit = yield* Effect.exit(sql.withTransaction(sql`INSERT INTO child VALUES (1, 2)`))
      const defect = Exit.isFailure(exit) ? Cause.dieOption(exit.cause) : Option.none()
      expect(Option.getOrUndefined(defect)).toBeInstanceOf(SqlError)
    })
  )

  it.scopedLive("loses the connection of a reservation that is interrupted while it waits", () =>
    Effect.gen(function* () {
      const sql = yield* connect(yield* newDatabase, { maxConnections: 1 })
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* sql.reserve
          const waiting = yield* Effect.fork(Effect.scoped(sql.reserve))
          yield* Effect.yieldNow()
          yield* Fiber.interrupt(waiting)
        })
      )
      expect(yield* isAnswered(sql`SELECT 1`)).toBe(false)
    })
  )

  it.scopedLive(
    "keeps connections on which nothing comes back: interrupted statements leave a pool that serves nobody",
    () =>
      Effect.gen(function* () {
        const proxy = yield* TcpProxy.make(yield* newDatabase)
        const sql = yield* connect(proxy.url, { maxConnections: 1 })
        yield* sql`SELECT 1`
        proxy.mute()
        yield* Effect.timeoutOption(sql`SELECT 1`, "100 millis")
        expect(yield* isAnswered(sql`SELECT 1`)).toBe(false)
      })
  )
})

describe("@effect/cluster", () => {
  it.scopedLive("creates its tables without a lock: a runner that starts a moment after another one fails", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const storage = Layer.build(
        Layer.fresh(SqlRunnerStorage.layer).pipe(
          Layer.provide(Layer.fresh(PgClient.layer({ url, maxConnections: 2 }))),
          Layer.provide(ShardingConfig.layer())
        )
      ).pipe(Effect.scoped, Effect.exit)
      const [sql, other] = [yield* connect(url), yield* connect(url)]
      const waiting = Effect.suspend(
        () => other`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      )
      const [created, awaited] = [yield* Effect.makeLatch(), yield* Effect.makeLatch()]
      // what the one ahead does
      const ahead = yield* Effect.fork(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`CREATE TABLE IF NOT EXISTS cluster_runners (
              machine_id serial PRIMARY KEY, address varchar(255) NOT NULL UNIQUE, runner text NOT NULL,
              healthy boolean NOT NULL DEFAULT true, last_heartbeat timestamp NOT NULL DEFAULT now()
            )`
            yield* created.open
            yield* awaited.await
          })
        )
      )
      yield* created.await
      const late = yield* Effect.fork(storage)
      yield* Effect.repeat(waiting, { until: (found) => found.length > 0, schedule: Schedule.spaced("20 millis") })
      yield* awaited.open
      yield* Fiber.join(ahead)
      const exit = yield* Fiber.join(late)
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({ cause: { code: "23505" } })
    })
  )
})
