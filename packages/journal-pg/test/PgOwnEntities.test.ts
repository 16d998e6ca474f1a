/** Entities on several runners while their shards move: every command runs once, in its caller's order, wherever it is served. */
import { EntityHost, EventSourced, Fold, Journal, Tagging } from "@aecor/core"
import { PgCluster, PgJournal, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { Rpc } from "@effect/rpc"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Logger, type Redacted, Schedule, Schema, Scope, Stream } from "effect"
import { freePort } from "../src/internal/embedded/freePort.js"
import { newDatabase } from "./fixtures/database.js"

class Counted extends Schema.TaggedClass<Counted>()("Counted", { runner: Schema.String }) {}
const CounterEvent = Schema.Union(Counted)

class CounterJournal extends Journal.Tag<CounterJournal>()("CounterJournal", {
  event: CounterEvent,
  tagging: Tagging.partitioned("Counter", 2)
}) {}

class Counter extends EventSourced.Tag<Counter>()("Counter", {
  journal: CounterJournal,
  fold: Fold.of(CounterEvent)<number>(0, { Counted: (count) => count + 1 }),
  protocol: [Rpc.make("Count", { success: Schema.Int })]
}) {}

const options = { table: "counter_event" }

/** A runner that serves the counter, until it is stopped. */
const startRunner = (url: Redacted.Redacted) =>
  Effect.gen(function* () {
    const port = yield* freePort
    const name = `127.0.0.1:${port}`
    const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
    const layer = Counter.layer({
      Count: (_, session) => Effect.zipRight(session.append(new Counted({ runner: name })), session.state)
    }).pipe(
      Layer.provide(EntityHost.layerCluster),
      Layer.provideMerge(PgJournal.layer(CounterJournal, options)),
      Layer.provide(PgCluster.layer({ host: "127.0.0.1", port, connections: 3 })),
      Layer.provide(PgClient.layer({ url, maxConnections: 4 })),
      Layer.fresh
    )
    const context = yield* Layer.buildWithScope(layer, scope)
    return {
      name,
      counter: Context.get(context, Counter),
      journal: Context.get(context, CounterJournal),
      stop: Scope.close(scope, Exit.void)
    }
  })

const keys = Array.from({ length: 10 }, (_, n) => `counter-${n}`)

it.scopedLive(
  "counters count on without a gap while one node joins and another leaves",
  () =>
    Effect.gen(function* () {
      const url = yield* newDatabase
      const migrations = PgMigrations.run([PgProcessLease.migrations, PgJournal.migrations(options)])
      yield* Effect.provide(migrations, PgClient.layer({ url, maxConnections: 1 }))
      const first = yield* startRunner(url)
      const answers = new Map(keys.map((key) => [key, new Array<number>()]))
      let counting = first.counter
      let going = true
      const count = (key: string) =>
        Effect.gen(function* () {
          const command = yield* Effect.sync(() => crypto.randomUUID())
          // sent again under its id, as a caller may whose node has left
          const sent = Effect.suspend(() => counting(key).Count(undefined, { commandId: command }))
          answers.get(key)?.push(yield* Effect.retry(sent, { times: 5 }))
          yield* Effect.sleep("20 millis")
        }).pipe(Effect.repeat({ while: () => going }))
      const callers = yield* Effect.forkScoped(Effect.forEach(keys, count, { concurrency: "unbounded", discard: true }))

      /** Waits until commands are served by exactly these runners. */
      const servedBy = (...runners: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const last = yield* Effect.forEach(keys, (key) => Stream.runLast(first.journal.read(key, 1)))
          const found = new Set(last.flatMap((_) => (_._tag === "Some" ? [_.value.event.runner] : [])))
          if (found.size !== runners.length || !runners.every((name) => found.has(name)))
            return yield* Effect.fail(found)
        }).pipe(Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo("1 minute"))))

      yield* servedBy(first.name)
      const second = yield* startRunner(url)
      yield* servedBy(first.name, second.name)
      counting = second.counter
      yield* Effect.sleep("500 millis")
      yield* first.stop
      const served = Effect.gen(function* () {
        const before = [...answers.values()].map((_) => _.length)
        const since = () => [...answers.values()].every((_, i) => _.length > (before[i] ?? 0) + 2)
        yield* Effect.repeat(Effect.sleep("50 millis"), { until: since })
      })
      yield* Effect.timeout(served, "1 minute")
      going = false
      yield* Fiber.join(callers)

      for (const [key, counts] of answers) {
        expect(counts).toEqual(counts.map((_, n) => n + 1))
        const stored = yield* Stream.runCollect(second.journal.read(key, 1))
        expect(stored.length).toBe(counts.length)
      }
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))),
  200_000
)
