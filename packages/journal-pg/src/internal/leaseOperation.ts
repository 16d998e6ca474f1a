/** How an operation of the process leases is run: by itself, for a limited time, with the errors of the leases. */
import { Lease } from "@aecor/core"
import { TransactionConnection } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { type Cause, Context, Duration, Effect } from "effect"

/** An operation that takes longer is given up, and may have taken effect. */
const timeLimit = Duration.seconds(5)

/** The one place where the client's errors become the lease's. */
const failed = (operation: string, error: SqlError | Cause.TimeoutException): Lease.ProcessLeaseError => {
  const reason = error._tag === "SqlError" && error.cause instanceof Error ? error.cause.message : error.message
  return new Lease.ProcessLeaseError({ description: `process leases, ${operation}: ${reason}`, cause: error })
}

export type Operation = (
  name: string
) => <A>(effect: Effect.Effect<A, SqlError>) => Effect.Effect<A, Lease.ProcessLeaseError>

/** An operation takes effect by itself, even within a caller's transaction, and nobody waits for it beyond the limit. */
export const operation: Operation =
  (name) =>
  <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, Lease.ProcessLeaseError> =>
    effect.pipe(
      Effect.mapInputContext((context: Context.Context<never>) => Context.omit(TransactionConnection)(context)),
      Effect.disconnect,
      Effect.timeout(timeLimit),
      Effect.mapError((error) => failed(name, error))
    )

/** What is asked every second leaves no trace. */
export const untraced = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withTracerEnabled(effect, false)
