// A projection's own SQL in the transaction of its offset: every event counts once, whatever crashes or is taken over.
import { DistributedProcessing, Journal, ProcessContext, ProcessLease, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgProjection } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, layer } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Layer, Logger, Option, Schema } from "effect"
import { database } from "./fixtures/database.js"
import { until } from "./fixtures/journal.js"

const Sold = Schema.TaggedStruct("Sold", { amount: Schema.Int })

class SalesJournal extends Journal.Tag<SalesJournal>()("SalesJournal", {
  event: Sold,
  tagging: Tagging.partitioned("Sales", 2)
}) {}

const tables = PgMigrations.make("sales", [
  PgMigrations.step(
    "tables",
    `CREATE TABLE sale (name text, id uuid, amount integer NOT NULL, PRIMARY KEY (name, id));
     CREATE TABLE revenue (name text PRIMARY KEY, total integer NOT NULL);
     CREATE TABLE passed_over (id uuid PRIMARY KEY, key text, sequence integer, cause text)`
  )
])

const Services = Layer.mergeAll(
  PgJournal.layer(SalesJournal, { table: "sale_event" }),
  PgOffsetStore.layer,
  DistributedProcessing.layerLocal
).pipe(
  Layer.provideMerge(PgProcessLease.layer),
  Layer.provideMerge(
    database(PgProcessLease.migrations, PgOffsetStore.migrations, PgJournal.migrations({ table: "sale_event" }), tables)
  ),
  // the host warns of every crash that the tests cause
  Layer.provideMerge(Logger.remove(Logger.defaultLogger))
)

layer(Services, { excludeTestServices: true, timeout: "60 seconds" })("a projection by SQL of its own", (it) => {
  it.effect("every event counts once, though every other write fails after it has written", () =>
    Effect.gen(function* () {
      let writes = 0
      yield* deployed("Crashing", () => (writes++ % 2 === 0 ? Effect.fail("crash") : Effect.void))
      yield* sell("crashing", 40)
      yield* counted("Crashing", 40)
      expect(writes).toBeGreaterThan(2)
    }).pipe(Effect.scoped)
  )

  it.effect("an error names the page, and nothing of it is stored", () =>
    Effect.gen(function* () {
      const { partition } = SalesJournal.tagging.tagOf("fails")
      yield* sell("fails", 3)
      const process = yield* started("Fails", partition, () => Effect.fail("no room"))
      const error = yield* errorOf(process)
      expect(error).toBeInstanceOf(PgProjection.PageFailed)
      expect(String(error)).toMatch(/projection Fails: the events from position \d+ to \d+ were not written: no room/)
      expect(yield* totals("Fails")).toEqual({ rows: 0, total: 0 })
      const refused = yield* started("Fails", partition, () =>
        Effect.flatMap(PgClient.PgClient, (sql) => sql`INSERT INTO revenue VALUES ('x', NULL)`)
      )
      expect(yield* errorOf(refused)).toMatchObject({ _tag: "PageFailed" })
    }).pipe(Effect.scoped)
  )

  it.effect(
    "an event that is passed over within a savepoint is noted in the page's transaction, and the others count",
    () =>
      Effect.gen(function* () {
        let crashes = 1
        const passing = PgProjection.exactlyOnce("Passing", {
          journal: SalesJournal,
          pageSize: 5,
          write: (events) =>
            Effect.gen(function* () {
              const sql = yield* PgClient.PgClient
              for (const { event, id, key, sequence } of events.filter((one) => one.key === "passing")) {
                const amount = sequence === 3 ? null : event.amount
                yield* sql
                  .withTransaction(sql`INSERT INTO sale VALUES ('Passing', ${id}, ${amount})`)
                  .pipe(
                    Effect.catchTag(
                      "SqlError",
                      ({ message }) => sql`INSERT INTO passed_over VALUES (${id}, ${key}, ${sequence}, ${message})`
                    )
                  )
              }
              if (crashes-- > 0) return yield* Effect.fail("crash")
            })
        })
        yield* sell("passing", 7)
        yield* DistributedProcessing.start(passing.name, passing.processes, { backoff: soon })
        yield* until(
          "6 sales",
          Effect.map(totals("Passing"), ({ rows }) => Option.liftPredicate(rows, (n) => n === 6))
        )
        const sql = yield* PgClient.PgClient
        expect(yield* sql`SELECT key, sequence FROM passed_over`).toEqual([{ key: "passing", sequence: 3 }])
      }).pipe(Effect.scoped)
  )

  it.effect("an older run that writes when a newer one has begun stores nothing", () =>
    Effect.gen(function* () {
      const { partition } = SalesJournal.tagging.tagOf("taken")
      const begun = yield* Deferred.make<void>()
      const awake = yield* Deferred.make<void>()
      yield* sell("taken", 3)
      // it holds its transaction open: the next run ends its connection
      const older = yield* started("Taken", partition, () =>
        Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(awake))
      )
      yield* Deferred.await(begun)
      const newer = yield* started("Taken", partition, () => Effect.void)
      yield* until("the newer run", settledAt("Taken", partition))
      yield* Deferred.succeed(awake, undefined)
      expect(yield* errorOf(older)).toMatchObject({ _tag: expect.stringMatching(/^(Fenced|PageFailed)$/) })
      const { rows, total } = yield* totals("Taken")
      expect(total).toBe(rows)
      yield* newer.shutdown
    }).pipe(Effect.scoped)
  )
})

const sell = (key: string, times: number) =>
  Effect.gen(function* () {
    const journal = yield* SalesJournal
    for (let n = 0; n < times; n++) yield* journal.append(key, n, [Sold.make({ amount: 1 })])
  })

/** Counts every sale, and then does something else within the same transaction. */
const revenue = <X, R>(name: string, then: () => Effect.Effect<unknown, X, R>) =>
  PgProjection.exactlyOnce(name, {
    journal: SalesJournal,
    pageSize: 5,
    write: (events) =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient
        // an event that came twice would break the primary key
        const rows = events.map(({ event, id }) => ({ name, id, amount: event.amount }))
        yield* sql`INSERT INTO sale ${sql.insert(rows)}`
        yield* sql`INSERT INTO revenue VALUES (${name}, ${events.length})
          ON CONFLICT (name) DO UPDATE SET total = revenue.total + excluded.total`
        yield* then()
      })
  })

const soon = { min: "20 millis", max: "50 millis", jitter: 0 } as const

const deployed = <X>(name: string, then: () => Effect.Effect<unknown, X>) =>
  DistributedProcessing.start(name, revenue(name, then).processes, {
    backoff: soon
  })

const started = <X, R>(name: string, index: number, then: () => Effect.Effect<unknown, X, R>) =>
  Effect.gen(function* () {
    const lease = yield* ProcessLease.ProcessLease
    const { processes } = revenue(name, then)
    yield* lease.register(name, processes.length)
    yield* lease.revoke(name, index)
    const claimed = yield* lease.claim({ deployment: name, index, generation: 0 }, "test", Duration.seconds(3))
    if (claimed._tag !== "Claimed") return yield* Effect.dieMessage(claimed._tag)
    const process = processes[index] ?? Effect.dieMessage("no process")
    return yield* Effect.provideService(process, ProcessContext.ProcessContext, claimed.fence)
  })

const errorOf = (process: { readonly watchTermination: Effect.Effect<Exit.Exit<unknown, unknown>> }) =>
  Effect.map(process.watchTermination, (exit) =>
    Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
  )

const totals = (name: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const [found] = yield* sql<{ rows: number; total: number | null }>`
      SELECT count(*)::integer AS rows, (SELECT total FROM revenue WHERE name = ${name}) AS total
      FROM sale WHERE name = ${name}`
    return { rows: found?.rows ?? 0, total: found?.total ?? 0 }
  })

/** Waits until so many sales are counted, each once. */
const counted = (name: string, sales: number) =>
  until(
    `${sales} sales`,
    Effect.map(totals(name), ({ rows, total }) =>
      rows === sales ? Option.some(expect(total).toBe(sales)) : Option.none()
    )
  )

const settledAt = (name: string, partition: number) =>
  Effect.gen(function* () {
    const journal = yield* SalesJournal
    const tag = SalesJournal.tagging.tags[partition]
    const head = tag === undefined ? 0 : yield* journal.head(tag)
    const sql = yield* PgClient.PgClient
    const rows = yield* sql`SELECT FROM consumer_offset
      WHERE consumer = ${name} AND partition = ${partition} AND "offset" = ${head}`
    return Option.liftPredicate(rows.length, (n) => n > 0)
  })
