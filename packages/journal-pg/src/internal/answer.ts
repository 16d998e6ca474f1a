/** How long a statement may take. */
import { SqlError } from "@effect/sql"
import { Duration, Effect, Exit, Fiber } from "effect"

/**
 * Waits so long for a statement to be answered. One that takes longer is left alone, with its connection: to interrupt
 * it would give a connection on which nothing comes back to the pool again, for others to wait on. It ends when the
 * socket gives the connection up (`silence.ts`), or the network does. An interruption of the caller still reaches it.
 *
 * It stands around every read of an entity, so it is a timer and an observer, not a race of fibers.
 */
export const answerWithin =
  (timeout: Duration.DurationInput) =>
  <A, R>(statement: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, SqlError.SqlError, R> =>
    Effect.flatMap(Effect.forkDaemon(statement), (fiber) =>
      Effect.async<A, SqlError.SqlError>((resume) => {
        const timer = setTimeout(() => done(Exit.fail(noAnswer)), Duration.toMillis(timeout))
        const done = (exit: Exit.Exit<A, SqlError.SqlError>) => {
          clearTimeout(timer)
          fiber.removeObserver(done)
          resume(exit)
        }
        fiber.addObserver(done)
        return Effect.suspend(() => {
          clearTimeout(timer)
          fiber.removeObserver(done)
          return Fiber.interrupt(fiber)
        })
      })
    )

const noAnswer = new SqlError.SqlError({ message: "no answer in time", cause: undefined })
