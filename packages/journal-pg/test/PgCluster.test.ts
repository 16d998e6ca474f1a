import { ProcessLease, RunnerName } from "@aecor/core"
import { PgCluster, PgConnection, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import {
  ClusterError,
  ClusterSchema,
  Entity,
  MessageStorage,
  RunnerAddress,
  RunnerHealth,
  Runners,
  RunnerStorage,
  Sharding,
  ShardingConfig,
  Snowflake
} from "@effect/cluster"
import { Rpc } from "@effect/rpc"
import { PgClient } from "@effect/sql-pg"
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Schedule, Schema, Scope } from "effect"
import { inject } from "vitest"
import * as Health from "../src/internal/clusterHealth.js"
import * as Storage from "../src/internal/clusterStorage.js"

describe("PgCluster", { timeout: 180_000 }, () => {
  it.scopedLive("lets three runners start at once on an empty database, each reachable from each", () =>
    Effect.gen(function* () {
      const database = yield* makeDatabase
      const runners = yield* Effect.all([started(database), started(database), started(database)], together)
      const caller = yield* startCaller(database)
      for (const from of [...runners, caller]) {
        const answers = yield* Effect.forEach(runners, (to) => from.ask(`any@${to.name}`), { concurrency: "unbounded" })
        expect(answers).toEqual(runners.map((_) => _.name))
      }
    })
  )

  it.scopedLive("stops a runner with the others connected to it, and they take over", () =>
    Effect.gen(function* () {
      const database = yield* makeDatabase
      const [first, second] = yield* Effect.all([started(database), started(database)], together)
      const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`)
      const owners = Effect.map(Effect.forEach(keys, first.ask, together), (answers) => new Set(answers))
      yield* Effect.repeat(owners, { until: (found) => found.size === 2, schedule: Schedule.spaced("100 millis") })
      yield* second.stop
      const after = yield* owners
      expect(after).toEqual(new Set([first.name]))
    })
  )

  it.scopedLive("declares a runner dead whose beats end, and one that lives comes back", () =>
    Effect.gen(function* () {
      const database = yield* makeDatabase
      const [silent, other] = yield* Effect.all([started(database), started(database)], together)
      const announce = announcing(silent.name)
      yield* Effect.gen(function* () {
        expect(yield* other.ask(`any@${silent.name}`)).toBe(silent.name)
        expect(yield* health).toEqual({ [silent.name]: true, [other.name]: true })
        yield* announce
        yield* untilHealth({ [silent.name]: false, [other.name]: true })
        yield* untilHealth({ [silent.name]: true, [other.name]: true })
        yield* Effect.forkScoped(Effect.repeat(announce, Schedule.spaced("1 second")))
        expect(yield* other.ask(`any@${silent.name}`)).toBe(silent.name)
        yield* Effect.sleep("5 seconds")
        expect(yield* health).toEqual({ [silent.name]: true, [other.name]: true })
      }).pipe(Effect.provide(Layer.merge(database, PgProcessLease.layer.pipe(Layer.provide(database)))))
    })
  )

  it.scopedLive("gives a runner that comes again at an address the time to announce itself", () =>
    Effect.gen(function* () {
      const database = yield* makeDatabase
      const ports = [yield* EmbeddedPostgres.freePort, yield* EmbeddedPostgres.freePort] as const
      const name = RunnerName.of({ host: "127.0.0.1", port: ports[0] })
      yield* Effect.gen(function* () {
        yield* announcing(name)
        yield* Effect.flatMap(PgClient.PgClient, (sql) => sql`UPDATE runner_beat SET beat_at = '2026-01-01'`)
        const runners = yield* Effect.forEach(ports, (port) => startRunner(database, port))
        const look = Effect.delay(health, "250 millis")
        const seen = yield* Effect.all(Array.from({ length: 28 }, () => look))
        expect(runners.map((_) => _.name)).toContain(name)
        expect(seen.filter((_) => _[name] !== true)).toEqual([])
      }).pipe(Effect.provide(Layer.merge(database, PgProcessLease.layer.pipe(Layer.provide(database)))))
    })
  )

  it.scopedLive(
    "goes by beats: a runner that reaches no other declares none dead that beats, as the stock check does",
    () =>
      Effect.gen(function* () {
        const database = yield* makeDatabase
        const [one, other] = yield* Effect.all([started(database), started(database)], together)
        const addressOf = ({ name }: typeof one) => {
          const [host = "", port] = name.split(":")
          return RunnerAddress.make(host, Number(port))
        }
        const check = (layer: Layer.Layer<RunnerHealth.RunnerHealth, never, Scope.Scope>) =>
          Effect.map(Layer.build(layer), (context) =>
            Context.get(context, RunnerHealth.RunnerHealth).isAlive(addressOf(other))
          )
        const unreachable = Layer.scoped(
          Runners.Runners,
          Effect.map(Runners.makeNoop, (noop) => ({
            ...noop,
            ping: (address: RunnerAddress.RunnerAddress) => Effect.fail(new ClusterError.RunnerUnavailable({ address }))
          }))
        )
        const stock = RunnerHealth.layerPing.pipe(
          Layer.provide(unreachable),
          Layer.provide([MessageStorage.layerNoop, Snowflake.layerGenerator, ShardingConfig.layer()])
        )
        expect(yield* yield* check(stock)).toBe(false)
        yield* Effect.forkScoped(
          Effect.repeat(
            Effect.zipRight(announcing(one.name), announcing(other.name)),
            Schedule.spaced("1 second")
          ).pipe(Effect.provide(PgProcessLease.layer.pipe(Layer.provide(database))))
        )
        const ours = yield* check(Health.layer.pipe(Layer.provide(database), Layer.orDie))
        // it only watches for the first three
        yield* Effect.sleep("5 seconds")
        expect(yield* ours).toBe(true)
      })
  )

  it.scopedLive("declares nobody dead while the database does not answer", () =>
    Effect.gen(function* () {
      const health = yield* RunnerHealth.RunnerHealth
      expect(yield* health.isAlive(RunnerAddress.make("nobody", 1))).toBe(true)
    }).pipe(Effect.provide(Layer.provide(Health.layer, emptyDatabase)))
  )

  it.scopedLive(
    "waits for its tables while another runner creates them, longer than its connections may be silent",
    () =>
      Effect.gen(function* () {
        const url = yield* EmbeddedPostgres.createDatabase(inject("postgresUrl"))
        const limited = PgClient.layer(PgConnection.noticingSilence("2 seconds")({ url, maxConnections: 3 }))
        const other = Context.get(yield* Layer.build(PgClient.layer({ url })), PgClient.PgClient)
        const connection = yield* other.reserve
        yield* connection.execute("SELECT pg_advisory_lock($1)", [Storage.creation], undefined)
        const waiting = yield* Effect.fork(Layer.build(Layer.provide(Storage.layer, [limited, ShardingConfig.layer()])))
        yield* Effect.sleep("3 seconds")
        expect(waiting.unsafePoll()).toBe(null)
        yield* connection.execute("SELECT pg_advisory_unlock($1)", [Storage.creation], undefined)
        expect(Context.get(yield* Fiber.join(waiting), RunnerStorage.RunnerStorage)).toBeDefined()
      })
  )

  it.scopedLive("fails to start where the port is taken", () =>
    Effect.gen(function* () {
      const database = yield* makeDatabase
      const port = yield* EmbeddedPostgres.freePort
      yield* startRunner(database, port)
      const error = yield* Effect.flip(startRunner(database, port))
      expect(error._tag).toBe("SocketServerError")
    })
  )
})

const Where = Entity.make("Where", [Rpc.make("Ask", { success: Schema.String })]).annotate(
  ClusterSchema.ShardGroup,
  (entityId) => (entityId.includes("@") ? RunnerName.shardGroup(entityId.slice(entityId.indexOf("@") + 1)) : "default")
)

/** A database with the tables of the leases and none of the cluster's; gives a client's layer, new for each user. */
const makeDatabase = Effect.gen(function* () {
  const url = yield* EmbeddedPostgres.createDatabase(inject("postgresUrl"))
  const Client = PgClient.layer({ url, maxConnections: 3 })
  yield* Effect.provide(PgMigrations.run([PgProcessLease.migrations]), Client)
  return Layer.fresh(Client)
})

type Database = Effect.Effect.Success<typeof makeDatabase>

const startRunner = (database: Database, port: number) =>
  Effect.gen(function* () {
    const address = { host: "127.0.0.1", port }
    const name = RunnerName.of(address)
    const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
    const Entities = Where.toLayer(Effect.succeed({ Ask: () => Effect.succeed(name) }))
    const context = yield* Entities.pipe(
      Layer.provideMerge(PgCluster.layer(address)),
      Layer.provide(database),
      Layer.buildWithScope(scope)
    )
    const client = yield* Context.get(context, Sharding.Sharding).makeClient(Where)
    return {
      name,
      ask: (entityId: string) => Effect.timeout(client(entityId).Ask(), "1 minute"),
      stop: Scope.close(scope, Exit.void)
    }
  })

const started = (database: Database) => Effect.flatMap(EmbeddedPostgres.freePort, (port) => startRunner(database, port))

const together = { concurrency: "unbounded" } as const

const startCaller = (database: Database) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(Layer.provide(PgCluster.layerClientOnly(), database))
    const client = yield* Context.get(context, Sharding.Sharding).makeClient(Where)
    return { ask: (entityId: string) => Effect.timeout(client(entityId).Ask(), "1 minute") }
  })

const emptyDatabase = Layer.unwrapEffect(
  Effect.suspend(() => EmbeddedPostgres.createDatabase(inject("postgresUrl"))).pipe(
    Effect.map((url) => PgClient.layer({ url, maxConnections: 3 }))
  )
)

const announcing = (runner: string) => Effect.flatMap(ProcessLease.ProcessLease, (_) => _.announce(runner, []))

/** Which runner is healthy, as the cluster sees it. */
const health = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ readonly address: string; readonly healthy: boolean }>`
    SELECT address, healthy FROM cluster_runners`
  return Object.fromEntries(rows.map((_) => [_.address, _.healthy]))
})

const untilHealth = (expected: Readonly<Record<string, boolean>>) =>
  Effect.repeat(health, {
    until: (found) => Object.entries(expected).every(([runner, healthy]) => found[runner] === healthy),
    schedule: Schedule.spaced("100 millis")
  }).pipe(Effect.timeout("1 minute"))
