// Connections on which nothing comes back any more, and those that only look like it.
import * as net from "node:net"
import { PgConnection, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { ProcessLease } from "@aecor/core"
import { TcpProxy } from "@aecor/journal-pg/testing"
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import * as EncryptedProxy from "./fixtures/encryptedProxy.js"

describe("a client that notices silence", () => {
  it.scopedLive("fails what waits on a connection on which nothing comes back, and serves again", () =>
    Effect.gen(function* () {
      const { proxy, sql } = yield* throughProxy
      yield* allConnections(sql)
      proxy.mute()
      const waiting = yield* Effect.forEach([1, 2], () => Effect.fork(Effect.flip(sql`SELECT 1`)))
      for (const { cause } of yield* Fiber.join(Fiber.all(waiting))) {
        expect(String(cause)).toContain("the server has been silent for 500ms")
      }
      expect(yield* sql`SELECT 1 AS one`).toEqual([{ one: 1 }])
    })
  )

  it.scopedLive("serves again where statements on such connections were interrupted", () =>
    Effect.gen(function* () {
      const { proxy, sql } = yield* throughProxy
      yield* allConnections(sql)
      proxy.mute()
      const waiting = yield* Effect.forEach([1, 2], () => Effect.fork(sql`SELECT 1`))
      yield* Effect.yieldNow()
      yield* Effect.forEach(waiting, Fiber.interruptFork)
      expect(yield* Effect.eventually(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }])
    })
  )

  it.scopedLive("fails in a transaction, and in one that pauses for longer than the limit", () =>
    Effect.gen(function* () {
      const { proxy, sql } = yield* throughProxy
      const cutWithin = sql.withTransaction(
        Effect.zipRight(
          Effect.sync(() => proxy.mute()),
          sql`SELECT 1`
        )
      )
      // a defect: the client cannot roll back on that connection
      expect(Exit.isFailure(yield* Effect.exit(cutWithin))).toBe(true)
      const pausing = sql.withTransaction(Effect.zipRight(Effect.sleep("1 second"), sql`SELECT 1`))
      expect(Exit.isFailure(yield* Effect.exit(pausing))).toBe(true)
      expect(yield* sql`SELECT 1 AS one`).toEqual([{ one: 1 }])
    })
  )

  it.scopedLive("gives up connecting to who accepts and says nothing", () =>
    Effect.gen(function* () {
      const url = yield* silentServer
      const error = yield* Effect.flip(Layer.build(PgClient.layer(noticing({ url, connectTimeout: "1 minute" }))))
      expect(String(error.cause)).toContain("silent")
    })
  )

  it.scopedLive(
    "bears connections that are idle for longer than the limit, and statements that take almost as long",
    () =>
      Effect.gen(function* () {
        const url = yield* newDatabase
        const sql = yield* connect(noticing({ url, maxConnections: 2, idleTimeout: "1 minute" }))
        const backends = yield* allConnections(sql)
        yield* Effect.sleep("1 second")
        expect(yield* sql`SELECT pg_sleep(0.3)`).toHaveLength(1)
        const afterwards = yield* allConnections(sql)
        expect(afterwards.filter((pid) => backends.includes(pid))).toEqual([])
      })
  )

  it.scopedLive("takes an answer that came while this process stood still for longer than the limit", () =>
    Effect.gen(function* () {
      const sql = yield* connect(noticing({ url: yield* newDatabase, maxConnections: 1 }))
      const asked = yield* Effect.fork(sql`SELECT pg_sleep(0.1), 1 AS one`)
      yield* Effect.sleep("50 millis")
      yield* standStill(800)
      expect(yield* Fiber.join(asked)).toMatchObject([{ one: 1 }])
    })
  )

  it.scopedLive("keeps the streams of the configuration, and the last limit counts", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const made: Array<net.Socket> = []
      const stream = () => {
        const socket = new net.Socket()
        made.push(socket)
        return socket
      }
      const config = PgConnection.noticingSilence("10 minutes")(noticing({ url, maxConnections: 1, stream }))
      const sql = yield* connect(config)
      expect(yield* sql`SELECT pg_sleep(0.8)`).toHaveLength(1)
      expect(made).toHaveLength(1)
      expect(made.map(({ timeout }) => timeout)).toEqual([600_000])
    })
  )

  it.scopedLive("encrypts as the configuration says, and notices silence nevertheless", () =>
    Effect.gen(function* () {
      const proxy = yield* EncryptedProxy.make(yield* newDatabase)
      // to agree on keys takes its time where many tests run
      const config = { url: proxy.url, ssl: proxy.ssl, maxConnections: 1 }
      const sql = yield* connect(PgConnection.noticingSilence("3 seconds")(config))
      yield* sql`SELECT 1`
      expect(proxy.encrypted()).toBe(1)
      proxy.mute()
      const { cause } = yield* Effect.flip(sql`SELECT 1`)
      expect(String(cause)).toContain("silent")
      expect(yield* sql`SELECT 1 AS one`).toEqual([{ one: 1 }])
    })
  )

  it.scopedLive("lets migrations take as long as they like", () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const slow = PgMigrations.make("slow", [PgMigrations.step("index", "SELECT pg_sleep(1)")])
      const Client = PgClient.layer(noticing({ url }))
      const found = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT name FROM aecor_migration`)
      const rows = yield* Effect.provide(Effect.zipRight(PgMigrations.run([slow]), found), Client)
      expect(rows).toEqual([{ name: "index" }])
    })
  )
})

it.scopedLive(
  "the process leases answer again after all their connections have fallen silent, whatever the client is set to",
  () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      yield* Effect.provide(PgMigrations.run([PgProcessLease.migrations]), client(url))
      const proxy = yield* TcpProxy.make(url)
      const context = yield* Layer.build(Layer.provide(PgProcessLease.layer, client(proxy.url)))
      const lease = Context.get(context, ProcessLease.ProcessLease)
      const ask = lease.list("any")
      yield* Effect.all(
        Array.from({ length: 10 }, () => ask),
        { concurrency: "unbounded" }
      )
      proxy.mute()
      const waiting = Array.from({ length: 10 }, () => Effect.exit(ask))
      yield* Effect.all(waiting, { concurrency: "unbounded" })
      expect(yield* Effect.eventually(ask)).toEqual([])
    })
)

const noticing = PgConnection.noticingSilence("500 millis")

const connect = (config: PgClient.PgClientConfig) =>
  Effect.map(Layer.build(PgClient.layer(config)), Context.get(PgClient.PgClient))

/** A client of two connections that can be muted. */
const throughProxy = Effect.gen(function* () {
  const proxy = yield* TcpProxy.make(yield* newDatabase)
  return { proxy, sql: yield* connect(noticing({ url: proxy.url, maxConnections: 2 })) }
})

/** Opens both connections; which backends they have. */
const allConnections = (sql: PgClient.PgClient) => {
  const backend = sql<{ readonly pid: number }>`SELECT pg_backend_pid() AS pid FROM pg_sleep(0.05)`
  return Effect.map(Effect.all([backend, backend], { concurrency: 2 }), (rows) => rows.flat().map(({ pid }) => pid))
}

/** Blocks this process for so many milliseconds; what comes next then is timers, before anything is read. */
const standStill = (millis: number) =>
  Effect.async<void>((resume) => {
    setImmediate(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)
      resume(Effect.void)
    })
  })

/** Takes connections, and nothing else. */
const silentServer = Effect.map(
  Effect.acquireRelease(
    Effect.async<net.Server>((resume) => {
      const listening = net.createServer((socket) => socket.resume()).listen(0, "127.0.0.1")
      listening.once("listening", () => resume(Effect.succeed(listening)))
    }),
    (listening) => Effect.sync(() => listening.close())
  ),
  (listening) => {
    const address = listening.address()
    return Redacted.make(`postgres://nobody@127.0.0.1:${typeof address === "object" ? address?.port : ""}/nothing`)
  }
)
