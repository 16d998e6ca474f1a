/** How long a statement may take. */
import { SqlError } from "@effect/sql"
import { type Duration, Effect, Exit, Fiber, Option } from "effect"

/**
 * Waits so long for a statement to be answered. One that takes longer is left alone, with its connection: to interrupt
 * it would give a connection on which nothing comes back to the pool again, for others to wait on. It ends when the
 * socket gives the connection up (`silence.ts`), or the network does. An interruption of the caller still reaches it.
 */
export const answerWithin =
  (timeout: Duration.DurationInput) =>
  <A, R>(statement: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, SqlError.SqlError, R> =>
    Effect.flatMap(Effect.forkDaemon(statement), (fiber) =>
      Fiber.await(fiber).pipe(
        Effect.timeoutOption(timeout),
        Effect.onInterrupt(() => Fiber.interrupt(fiber)),
        Effect.flatMap(Option.getOrElse(() => Exit.fail(noAnswer)))
      )
    )

const noAnswer = new SqlError.SqlError({ message: "no answer in time", cause: undefined })
