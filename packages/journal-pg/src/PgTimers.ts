/**
 * Timers in a table of Postgres, `durable_timer`, by the server's clock.
 *
 * `schedule` and `cancel` are part of the caller's transaction where there is one: within `PgProjection.exactlyOnce`,
 * `PgFence.guard` or a transaction of the application's a timer is scheduled together with what else is written, or not at
 * all. Everything else is a transaction of its own.
 *
 * At rest the timers cost nothing: a process reads the first entry of each of its slots in one index, twice in the
 * `Timers.horizon`, and sleeps. It is woken by a notification where a timer is due sooner than that; only such are
 * announced.
 *
 * A timer that was fired keeps its row, so that it is known to have been. Rows of timers that are handed over may be
 * deleted when that is of no interest any more: a timer of the same name and id can be scheduled again then, and is not
 * fired again, since its journal knows it.
 *
 * @since 0.1.0
 */
import { ProcessContext } from "@aecor/core"
import { Timers } from "@aecor/projection"
import type { SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { DateTime, Duration, Effect, Either, Layer, Option } from "effect"
import { grants as grantsOf } from "./internal/grants.js"
import { toJson } from "./internal/json.js"
import { hubOf, Notifications } from "./internal/notifications.js"
import { notNewest } from "./internal/offsetSql.js"
import { query, queryWithin } from "./internal/query.js"
import { reasonOf, sqlState } from "./internal/sqlState.js"
import * as timerSql from "./internal/timerSql.js"
import * as PgMigrations from "./PgMigrations.js"

/**
 * The migrations of the table and its functions. They come after `PgProcessLease.migrations`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const migrations: PgMigrations.Migrations = PgMigrations.make("PgTimers", [
  PgMigrations.step("table", timerSql.table),
  PgMigrations.step("functions", timerSql.functions),
  PgMigrations.step("cancel looks again", timerSql.cancelAgain)
])

/**
 * What a node's role needs for timers, as SQL for the owner of the table to run. One that fires them needs what
 * `PgProcessLease.grants` gives as well. Throws a `RangeError` when the role's name is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const grants = (role: string): string => grantsOf(role, timerSql.rights)

interface Answer<A extends string = string> {
  readonly answer: A
}

/** The JSON of a value that Postgres stores as it is. */
const json = (value: unknown): Either.Either<string, Timers.TimersError> =>
  Either.mapLeft(toJson(value), (why) => new Timers.TimersError({ description: `a timer cannot be stored: ${why}` }))

const timersError = (cause: SqlError.SqlError): Timers.TimersError =>
  new Timers.TimersError({ description: reasonOf(cause), cause })

const fencedOr =
  (fence: ProcessContext.Fence) =>
  (cause: SqlError.SqlError): ProcessContext.Fenced | Timers.TimersError =>
    sqlState(cause) === notNewest ? ProcessContext.fenced(fence) : timersError(cause)

const fromRow = ({ due, id, metadata, name, payload }: timerSql.Row): Timers.Entry => ({
  name,
  id,
  due: DateTime.unsafeMake(Number(due)),
  payload: JSON.parse(payload),
  metadata: JSON.parse(metadata)
})

/**
 * The timers of the database that the client is connected to. The table comes from `migrations`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Timers.Timers, never, PgClient.PgClient> = Layer.scoped(
  Timers.Timers,
  Effect.gen(function* () {
    const client = yield* PgClient.PgClient
    const within = queryWithin(client)
    const run = query(client)
    const hub = yield* hubOf(client)
    const horizon = Duration.toMillis(Timers.horizon)

    return {
      schedule: Effect.fn("PgTimers.schedule")(function* (timer) {
        const { due, ...entry } = yield* Timers.toEntry(timer)
        const stored = yield* json({ ...entry, due: due.epochMillis })
        const [row] = yield* Effect.mapError(
          within<Answer<Timers.Scheduled>>(timerSql.scheduleCall, [
            stored,
            Timers.slotOf(entry.name, entry.id),
            horizon
          ]),
          timersError
        )
        return row?.answer ?? (yield* unanswered)
      }),
      cancel: Effect.fn("PgTimers.cancel")(function* (name, id) {
        yield* json([name, id])
        const [row] = yield* Effect.mapError(
          within<Answer<Timers.Cancelled>>(timerSql.cancelCall, [name, id]),
          timersError
        )
        return row?.answer ?? (yield* unanswered)
      }),
      pending: Effect.fn("PgTimers.pending")(function* (name, { after, most }) {
        const parameters = [name, after?.due.epochMillis ?? null, after?.id ?? "", most]
        return (yield* run<timerSql.Row>(timerSql.pending, parameters)).map(fromRow)
      }, Effect.mapError(timersError)),
      count: Effect.fn("PgTimers.count")(function* (name) {
        return Number((yield* run<Answer>(timerSql.count, [name]))[0]?.answer)
      }, Effect.mapError(timersError)),
      untilDue: Effect.fn("PgTimers.untilDue")(function* ({ name, slots }) {
        const [row] = yield* run<Answer>(timerSql.untilDue, [name, slots])
        return Option.map(Option.fromNullable(row), ({ answer }) => Number(answer))
      }, Effect.mapError(timersError)),
      take: Effect.fn("PgTimers.take")(function* ({ name, slots }, { fence, most }) {
        const parameters = [...timerSql.fenceParameters(fence), name, slots, most]
        const taken = yield* Effect.mapError(run<timerSql.Row>(timerSql.takeCall, parameters), fencedOr(fence))
        return taken.map(fromRow)
      }),
      handedOver: Effect.fn("PgTimers.handedOver")(function* (name, { fence, ids }) {
        const parameters = [...timerSql.fenceParameters(fence), name, ids]
        yield* Effect.mapError(run(timerSql.handOverCall, parameters), fencedOr(fence))
      }),
      subscribe: Effect.fn("PgTimers.subscribe")(function* (listener) {
        const [row] = yield* Effect.mapError(run<{ readonly identity: string | null }>(timerSql.identity), timersError)
        const identity =
          row?.identity ?? (yield* new Timers.TimersError({ description: "there is no table durable_timer" }))
        yield* hub.subscribe(identity, () => listener())
      })
    } satisfies Timers.Operations
  })
).pipe(Layer.provide(Notifications.layer))

const unanswered = new Timers.TimersError({ description: "the answer of the server is empty" })
