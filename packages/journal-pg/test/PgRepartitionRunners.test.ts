// Other partitions, there and back, under load, on a cluster of four runners: two of either release.
import { DistributedProcessing, Journal, Tagging } from "@aecor/core"
import { PgJournal, PgMigrations, PgOffsetStore, PgProcessLease, PgViewStore } from "@aecor/journal-pg"
import { Projection, Repartition } from "@aecor/projection"
import { RepartitionSuite } from "@aecor/projection/testing"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option, Ref, Schedule, Schema } from "effect"
import { client, newDatabase } from "./fixtures/database.js"
import { patient, startNode } from "./fixtures/runner.js"
import { sumsView } from "./fixtures/view.js"

const { SumsView } = RepartitionSuite

it.scopedLive(
  "a repartition loses no event and folds none twice while several runners of two releases come and go",
  () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      yield* Effect.provide(PgMigrations.run(migrations), client(url, { maxConnections: 1 }))
      const node = <J>(projection: ReturnType<typeof sumsOf<J>>) =>
        Effect.gen(function* () {
          const { context, stop } = yield* startNode({ url })
          const settings = { ...patient, onMismatch: "wait" } as const
          yield* DistributedProcessing.start(projection.name, projection.processes, settings).pipe(
            Effect.provide(context)
          )
          return { stop }
        })
      yield* Effect.gen(function* () {
        const few = sumsOf(FewJournal)
        const many = sumsOf(ManyJournal)
        const old = yield* Effect.all([node(few), node(few)], { concurrency: "unbounded" })
        yield* Effect.all([node(many), node(many)], { concurrency: "unbounded" })
        const writing = yield* load
        const repartition = Effect.map(Repartition.run(ManyJournal, [many]), (_) => _.partitions)
        expect(yield* repartition).toBe(5)
        yield* old[0].stop
        yield* writing.enough
        expect(yield* Effect.map(Repartition.run(FewJournal, [few]), (_) => _.partitions)).toBe(3)
        yield* node(few)
        yield* writing.enough
        expect(yield* repartition).toBe(5)

        const written = yield* writing.stop
        const view = yield* SumsView
        for (const [key, count] of written) {
          yield* view.awaitReceipt({ key, sequence: count }, "1 minute")
          expect(Option.map(yield* view.get(key), (_) => _.view)).toEqual(
            Option.some({ sum: (count * (count - 1)) / 2, count, trail: 0 })
          )
        }
      }).pipe(Effect.provide(stores.pipe(Layer.provide(client(url, { maxConnections: 8 })))))
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))),
  240_000
)

const Added = Schema.TaggedStruct("Added", { amount: Schema.Int })

class FewJournal extends Journal.Tag<FewJournal>()("FewJournal", {
  event: Added,
  tagging: Tagging.partitioned("Sums", 3)
}) {}
class ManyJournal extends Journal.Tag<ManyJournal>()("ManyJournal", {
  event: Added,
  tagging: Tagging.partitioned("Sums", 5)
}) {}

const table = "sums_event"
const migrations = [PgProcessLease.migrations, PgOffsetStore.migrations, PgJournal.migrations({ table }), sumsView]

const stores = Layer.mergeAll(
  PgJournal.layer(FewJournal, { table }),
  PgJournal.layer(ManyJournal, { table }),
  PgViewStore.layer(SumsView, { table: "sums", key: "key" }),
  PgProcessLease.layer
)

/** How many events a key has, and their sum. */
const sumsOf = <J>(journal: Journal.Any<J, typeof Added.Type>) =>
  Projection.exactlyOnce("Sums", {
    journal,
    view: SumsView,
    project: (row, { event }) => {
      const { count, sum } = Option.getOrElse(row, () => ({ count: 0, sum: 0 }))
      return { count: count + 1, sum: sum + event.amount, trail: 0 }
    }
  })

const keys = Array.from({ length: 6 }, (_, n) => `key ${n}`)

/** Writers that go on until they are stopped, each key by code of both releases in turn. */
const load = Effect.gen(function* () {
  const journals = [yield* FewJournal, yield* ManyJournal] as const
  const going = yield* Ref.make(true)
  const counts = new Map<string, number>()
  const writer = (key: string) =>
    Effect.gen(function* () {
      for (let n = 0; yield* Ref.get(going); n++) {
        yield* journals[n % 2 === 0 ? 0 : 1].append(key, n, [{ _tag: "Added", amount: n }])
        counts.set(key, n + 1)
        yield* Effect.sleep("50 millis")
      }
    })
  const writing = yield* Effect.forkScoped(Effect.forEach(keys, writer, { concurrency: "unbounded", discard: true }))
  const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0)
  return {
    /** Some more are written. */
    enough: Effect.suspend(() => {
      const before = total()
      return Effect.repeat(Effect.sync(total), {
        until: (now) => now > before + 30,
        schedule: Schedule.spaced("50 millis")
      })
    }),
    stop: Effect.zipRight(Ref.set(going, false), Effect.as(writing.await, counts))
  }
})
