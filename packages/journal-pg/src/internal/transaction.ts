/** Transactions of which every failure of the database is an error. */
import { SqlError } from "@effect/sql"
import type { PgClient } from "@effect/sql-pg"
import { Effect, Option } from "effect"

/** The client makes a defect of a commit that fails: the connection was lost, or ended by the server. */
export const transaction =
  (client: Pick<PgClient.PgClient, "withTransaction">) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
    client
      .withTransaction(effect)
      .pipe(
        Effect.catchSomeDefect((defect) =>
          defect instanceof SqlError.SqlError ? Option.some(Effect.fail(defect)) : Option.none()
        )
      )
