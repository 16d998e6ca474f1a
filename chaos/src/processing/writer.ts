/** The process that is distributed: it counts in the database, under its fence. */
import { Process, ProcessContext } from "@aecor/core"
import { PgFence } from "@aecor/journal-pg"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Effect, Option, Schedule } from "effect"
import { notNext } from "./model.js"

/** How soon it tries again what the database did not take. */
const again = "50 millis"

type Writer = Pick<ProcessContext.Fence, "deployment" | "index" | "epoch" | "runner">

const isNotNext = (error: { readonly _tag: string; readonly cause?: unknown }): boolean =>
  (error.cause as { readonly code?: unknown } | undefined)?.code === notNext

/** What has become of a write: `Behind`: somebody else wrote, or this one whose answer was lost. */
type Outcome = "Stored" | "Behind" | "Unknown"

const statement = (sql: PgClient.PgClient, { deployment, epoch, index, runner }: Writer, careless: boolean) => ({
  last: Effect.map(
    sql<{ readonly n: number }>`SELECT n::float8 AS n FROM chaos_process
      WHERE deployment = ${deployment} AND index = ${index}`,
    ([row]) => row?.n ?? 0
  ),
  store: (n: number) => sql`SELECT chaos_write(${deployment}, ${index}, ${n}, ${epoch}, ${runner}, ${careless})`
})

/** Counts on from where the process stands, for ever, through `guard`. */
const count = <E, R>(
  sql: PgClient.PgClient,
  writer: Writer,
  options: {
    readonly every: number
    readonly careless: boolean
    readonly stopping: number
    readonly guard: (write: Effect.Effect<unknown, SqlError>) => Effect.Effect<unknown, E | SqlError, R>
  }
) =>
  Effect.gen(function* () {
    const { last, store } = statement(sql, writer, options.careless)
    const lastStored = Effect.retry(last, Schedule.spaced(again))
    let n = yield* lastStored
    const attempt = (next: number) =>
      options.guard(store(next)).pipe(
        Effect.as<Outcome>("Stored"),
        Effect.catchIf(
          (error): error is SqlError => (error as { readonly _tag?: unknown })._tag === "SqlError",
          (error) => Effect.succeed<Outcome>(isNotNext(error) ? "Behind" : "Unknown")
        )
      )
    const work = Effect.gen(function* () {
      while (true) {
        const outcome = yield* attempt(n + 1)
        if (outcome === "Stored") {
          n += 1
          yield* Effect.sleep(options.every)
        } else if (outcome === "Behind") n = yield* lastStored
        else yield* Effect.sleep(again)
      }
    })
    // its last word: who comes after it has to wait for it
    const stop = Effect.zipRight(Effect.sleep(options.stopping), Effect.ignore(attempt(n + 1)))
    return yield* options.stopping > 0 ? Effect.onInterrupt(work, () => Effect.suspend(() => stop)) : work
  })

/** A fenced writer, or a careless one. One that is never to write does nothing. */
export const process = (options: { readonly every: number; readonly fenced: boolean; readonly stopping: number }) =>
  Process.fromEffect(
    Effect.gen(function* () {
      if (options.every === 0) return yield* Effect.never
      const sql = yield* PgClient.PgClient
      const fence = yield* ProcessContext.ProcessContext
      return yield* options.fenced
        ? count(sql, fence, { ...options, careless: false, guard: PgFence.guard })
        : count(sql, fence, { ...options, careless: true, guard: (write) => write })
    })
  )

/** A careless writer that no host of ours runs: every run of it takes a number of its own. */
export const singleton = (writer: Omit<Writer, "epoch">, every: number) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const [run] = yield* sql<{ readonly run: number }>`SELECT nextval('chaos_run')::float8 AS run`.pipe(
      Effect.retry(Schedule.spaced(again))
    )
    const epoch = Option.getOrThrow(Option.fromNullable(run)).run
    return yield* count(sql, { ...writer, epoch }, { every, careless: true, stopping: 0, guard: (write) => write })
  })
