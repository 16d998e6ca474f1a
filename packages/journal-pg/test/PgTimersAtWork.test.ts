// Timers with what schedules them and what hosts them: in the transaction of a projection's own SQL, and on runners of a
// cluster of which one is lost.
import { DistributedProcessing, Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgProjection, PgTimers } from "@aecor/journal-pg"
import { TcpProxy } from "@aecor/journal-pg/testing"
import { Timers } from "@aecor/projection"
import { PgClient } from "@effect/sql-pg"
import { expect, it, layer } from "@effect/vitest"
import { Array, Chunk, DateTime, Deferred, Effect, Layer, Logger, Option, type Redacted, Schema, Stream } from "effect"
import { client, database, newDatabase } from "./fixtures/database.js"
import { until } from "./fixtures/journal.js"
import { startNode } from "./fixtures/runner.js"

const Ordered = Schema.TaggedStruct("Ordered", { amount: Schema.Int })
class OrderJournal extends Journal.Tag<OrderJournal>()("OrderJournal", {
  event: Ordered,
  tagging: Tagging.partitioned("Order", 2)
}) {}
class DueJournal extends Journal.Tag<DueJournal>()("DueJournal", {
  event: Timers.Fired,
  tagging: Tagging.partitioned("Due", 2)
}) {}

const backoff = { min: "20 millis", max: "50 millis", jitter: 0 } as const
const migrations = [
  PgProcessLease.migrations,
  PgOffsetStore.migrations,
  PgTimers.migrations,
  PgJournal.migrations({ table: "order_event" }),
  PgJournal.migrations({ table: "due_event" }),
  PgMigrations.make("orders", [
    PgMigrations.step("table", "CREATE TABLE planned (id uuid PRIMARY KEY, amount integer NOT NULL)")
  ])
]
const stores = Layer.mergeAll(
  PgJournal.layer(OrderJournal, { table: "order_event" }),
  PgJournal.layer(DueJournal, { table: "due_event" }),
  PgTimers.layer,
  PgOffsetStore.layer
)
const quiet = Logger.remove(Logger.defaultLogger)

const fired = Effect.gen(function* () {
  const journal = yield* DueJournal
  const all = yield* Effect.forEach(DueJournal.tagging.tags, (tag) =>
    Stream.runCollect(journal.currentEventsByTag(tag, 0))
  )
  return all.flatMap((chunk) => Chunk.toReadonlyArray(chunk))
})

/** Waits until so many timers have become events, and none of a name is left. */
const allFired = (name: string, count: number) =>
  until(
    `${count} fired timers`,
    Effect.gen(function* () {
      const events = (yield* fired).filter(({ event }) => event.name === name)
      const left = yield* (yield* Timers.Timers).count(name)
      return left === 0 && events.length >= count ? Option.some(events) : Option.none()
    })
  )

const Services = Layer.merge(stores, DistributedProcessing.layerLocal).pipe(
  Layer.provideMerge(PgProcessLease.layer),
  Layer.provideMerge(database(...migrations)),
  Layer.provideMerge(quiet)
)

layer(Services, { excludeTestServices: true, timeout: "60 seconds" })("a projection by SQL of its own", (on) => {
  on.effect("schedules a timer with each row, whatever fails within the page, and each fires once", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const timers = yield* Timers.Timers
      const reminders = Timers.firing("Reminders", { journal: DueJournal, processes: 2 })
      let writes = 0
      const plan = PgProjection.exactlyOnce("Plan", {
        journal: OrderJournal,
        pageSize: 3,
        write: (events) =>
          Effect.gen(function* () {
            for (const { event, id, timestamp } of events) {
              yield* sql`INSERT INTO planned VALUES (${id}, ${event.amount})`
              yield* timers.schedule({ name: reminders.name, id, due: DateTime.unsafeMake(timestamp + 500) })
            }
            // a half of the pages fails when everything of it is written
            if (writes++ % 2 === 0) return yield* Effect.fail("crash")
          })
      })
      const failing = PgProjection.exactlyOnce("Failing", {
        journal: OrderJournal,
        write: ([first]) =>
          Effect.zipRight(
            timers.schedule({ name: "Undone", id: first?.id ?? "", due: DateTime.unsafeMake(0) }),
            Effect.fail("crash")
          )
      })
      const orders = yield* OrderJournal
      for (let n = 0; n < 20; n++)
        yield* orders.append(`order ${n % 5}`, Math.floor(n / 5), [Ordered.make({ amount: n })])
      for (const { name, processes } of [plan, failing]) {
        yield* DistributedProcessing.start(name, processes, { backoff })
      }
      yield* DistributedProcessing.start(reminders.name, reminders.processes, { backoff })
      const events = yield* allFired(reminders.name, 20)
      const rows = yield* sql<{ readonly id: string }>`SELECT id FROM planned`
      expect(writes).toBeGreaterThan(10)
      expect(rows).toHaveLength(20)
      expect(events.map(({ event }) => event.id).toSorted()).toEqual(rows.map(({ id }) => id).toSorted())
      expect(events.every(({ event, timestamp }) => timestamp >= event.due.epochMillis)).toBe(true)
      expect(yield* timers.count("Undone")).toBe(0)
    }).pipe(Effect.scoped)
  )
})

/** A node with stores on connections of its own, that fires the timers of a name. */
const firingOn = (url: Redacted.Redacted, through: (journal: Journal.Journal<Timers.Fired>) => typeof journal) =>
  Effect.gen(function* () {
    const { context, stop } = yield* startNode({ url })
    const own = yield* Layer.build(Layer.fresh(stores).pipe(Layer.provide(client(url))))
    const { name, processes } = Timers.firing("Payments", { journal: DueJournal, processes: 4, pageSize: 10 })
    const journal = through(yield* Effect.provide(DueJournal, own))
    const hosted = processes.map((process) =>
      process.pipe(Effect.provideService(DueJournal, journal), Effect.provide(own))
    )
    yield* Effect.provide(DistributedProcessing.start(name, hosted, { backoff }), context)
    return { stop }
  })

it.scopedLive(
  "of two runners the one that is lost has taken timers: the other hands them over, each once, and those that were not due",
  () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      yield* Effect.provide(PgMigrations.run(migrations), client(url, { maxConnections: 1 }))
      const proxy = yield* TcpProxy.make(url)
      const stuck = yield* Deferred.make<void>()
      yield* Effect.gen(function* () {
        const timers = yield* Timers.Timers
        const now = yield* DateTime.now
        const ids = Array.makeBy(200, (n) => `payment ${n}`)
        for (const [n, id] of ids.entries()) {
          // some are overdue, some become due while nobody fires them, some later
          yield* timers.schedule({ name: "Payments", id, due: DateTime.add(now, { millis: n * 40 - 1000 }) })
        }
        yield* firingOn(proxy.url, (journal) => ({
          ...journal,
          append: () => Effect.zipRight(Deferred.succeed(stuck, undefined), Effect.never)
        }))
        yield* Deferred.await(stuck)
        yield* firingOn(url, (journal) => journal)
        proxy.admit(false)
        proxy.cut()
        const events = yield* allFired("Payments", ids.length)
        expect(events.map(({ event }) => event.id).toSorted()).toEqual(ids.toSorted())
        expect(events.every(({ sequence }) => sequence === 1)).toBe(true)
        expect(events.filter(({ event, timestamp }) => timestamp < event.due.epochMillis)).toEqual([])
        proxy.admit(true)
      }).pipe(Effect.provide(stores.pipe(Layer.provide(client(url)))))
    }).pipe(Effect.provide(quiet)),
  180_000
)
