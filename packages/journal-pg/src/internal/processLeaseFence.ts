/**
 * New epochs against transactions that hold the fence.
 *
 * A writer's transaction keeps the row of its fence locked until it ends. If its client is frozen that may be never, so
 * a new epoch waits for a while, then ends the connections in its way. Only a second connection can see whom a backend
 * waits for, hence the detour over two of them; it is taken when the fence is locked, and not otherwise.
 */
import type { SqlError } from "@effect/sql/SqlError"
import type { PgClient } from "@effect/sql-pg"
import { Deferred, Effect, Schedule } from "effect"
import { transaction } from "./transaction.js"

/** How long a new epoch waits for writers before it ends them, and how long for that, in milliseconds. */
const patience = 500
const ending = 3000

/** How often it looks who is in the way, in milliseconds. */
const interval = 50

/**
 * Runs a call that takes a new epoch and answers `Locked` when it has waited for the fence in vain. It answers `Locked`
 * from here only if ending the holders did not help.
 */
export const newEpoch = <A extends { readonly answer: string }>(
  sql: PgClient.PgClient,
  call: (patience: number) => Effect.Effect<A, SqlError>
): Effect.Effect<A, SqlError> =>
  Effect.flatMap(call(patience), (first) =>
    first.answer === "Locked" ? endingHolders(sql, call(ending)) : Effect.succeed(first)
  )

const endingHolders = <A>(sql: PgClient.PgClient, call: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
  Effect.gen(function* () {
    const waiting = yield* Deferred.make<number>()
    // one transaction, so that the call runs on the backend whose id was asked for
    const attempt = Effect.gen(function* () {
      const [backend] = yield* sql<{ readonly pid: number }>`SELECT pg_backend_pid() AS pid`
      if (backend !== undefined) yield* Deferred.succeed(waiting, backend.pid)
      return yield* call
    }).pipe(transaction(sql))
    const endThem = Effect.gen(function* () {
      const pid = yield* Deferred.await(waiting)
      const look = sql<{ readonly ended: number }>`SELECT aecor_free_fence(${pid}) AS ended`.pipe(
        Effect.tap(([row]) =>
          row !== undefined && row.ended > 0
            ? Effect.logWarning(`ended ${row.ended} connection(s) whose transactions held the fence of a process`)
            : Effect.void
        ),
        // interrupting a statement cancels whatever its connection does next
        Effect.uninterruptible
      )
      yield* Effect.repeat(look, Schedule.spaced(interval))
      return yield* Effect.never
    })
    return yield* Effect.raceFirst(attempt, endThem)
  })
