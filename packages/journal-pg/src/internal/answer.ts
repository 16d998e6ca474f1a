/** How long a statement may take. */
import { SqlError } from "@effect/sql"
import { Duration, Effect, Exit, Fiber } from "effect"

/**
 * Waits so long for a statement to be answered. One that takes longer is left alone, with its connection: to interrupt
 * it would give a connection on which nothing comes back to the pool again, for others to wait on. It ends when the
 * socket gives the connection up (`silence.ts`), or the network does. An interruption of the caller still reaches it.
 *
 * It stands around every read of an entity, so it is a timer and an observer, not a race of fibers. The answer is no
 * fiber's exit: a set of all fibers that nobody waits for keeps them, and what they ended with, until they are old.
 */
export const answerWithin =
  (timeout: Duration.DurationInput) =>
  <A, R>(statement: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, SqlError.SqlError, R> =>
    Effect.suspend(() => {
      let answer: Exit.Exit<A, SqlError.SqlError> = Exit.fail(noAnswer)
      const kept = Effect.map(statement, (value) => void (answer = Exit.succeed(value)))
      return Effect.flatMap(Effect.forkDaemon(kept), (fiber) =>
        Effect.async<A, SqlError.SqlError>((resume) => {
          const end = () => {
            clearTimeout(timer)
            fiber.removeObserver(done)
          }
          const done = (exit: Exit.Exit<void, SqlError.SqlError>) => {
            end()
            resume(Exit.zipRight(exit, answer))
            answer = Exit.fail(noAnswer)
          }
          const timer = setTimeout(() => done(Exit.fail(noAnswer)), Duration.toMillis(timeout))
          fiber.addObserver(done)
          return Effect.suspend(() => {
            end()
            return Fiber.interrupt(fiber)
          })
        })
      )
    })

const noAnswer = new SqlError.SqlError({ message: "no answer in time", cause: undefined })
