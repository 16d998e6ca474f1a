// The code of docs/processes.md, run.
import { RunnerName } from "@aecor/core"
import { PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Console, Effect, Fiber, Layer, Logger, Schedule } from "effect"
import { freePort } from "../src/internal/embedded/freePort.js"
import { newDatabase } from "./fixtures/database.js"
import { office, worker } from "./processes/node.js"
import { isReady, maintained, moveTo, watched } from "./processes/operator.js"
import { Tally } from "./processes/tally.js"

const Database = Layer.unwrapEffect(Effect.map(newDatabase, (url) => PgClient.layer({ url, maxConnections: 8 })))

it.scopedLive(
  "a process counts under its fence, and an operator sees and steers it",
  () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      yield* PgMigrations.run([PgProcessLease.migrations])
      yield* sql`CREATE TABLE tally (value bigint NOT NULL)`
      yield* sql`INSERT INTO tally VALUES (0)`
      const value = Effect.map(sql<{ readonly value: string }>`SELECT value FROM tally`, ([row]) => Number(row?.value))
      const untilCounted = (least: number) =>
        Effect.repeat(value, { until: (_) => _ >= least, schedule: Schedule.spaced("100 millis") })
      const address = { host: "127.0.0.1", port: yield* freePort }
      yield* Layer.build(Layer.provide(Tally, worker(address)))

      yield* Effect.gen(function* () {
        const name = RunnerName.of(address)
        const lines: Array<string> = []
        const console = { ...(yield* Console.consoleWith(Effect.succeed)) }
        const told = Console.withConsole(watched, {
          ...console,
          log: (...words) => Effect.sync(() => void lines.push(words.join(" ")))
        })
        const watching = yield* Effect.fork(told)
        yield* untilCounted(2)
        expect(yield* isReady).toBe(true)
        const stopped: Array<number> = []
        const noting = Effect.map(value, (_) => void stopped.push(_))
        yield* maintained(
          Effect.zipRight(noting, untilTold(lines, "0 Stopped")).pipe(
            Effect.zipRight(Effect.delay(noting, "2 seconds"))
          )
        )
        expect(stopped[1]).toBe(stopped[0])
        yield* untilCounted((stopped[1] ?? 0) + 1)
        yield* moveTo(name)
        yield* untilTold(lines, `0 Running ${name}`)
        yield* Fiber.interrupt(watching)
      }).pipe(Effect.provide(office))
    }).pipe(Effect.provide(Layer.merge(Database, Logger.remove(Logger.defaultLogger)))),
  180_000
)

const untilTold = (lines: ReadonlyArray<string>, line: string) =>
  Effect.repeat(
    Effect.sync(() => lines.some((_) => _.startsWith(line))),
    { until: (held) => held, schedule: Schedule.spaced("50 millis") }
  )
