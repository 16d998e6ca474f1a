/** How a process manager sends: under ordered ids, again while nobody answers, and with rejections as values. */
import { CommandFailed, CommandId, type ConsumerId, EntityEvent } from "@aecor/core"
import { Data, Effect, Either, Option, Schedule } from "effect"
import type { Outcome, Send } from "../Reaction.js"

/** What no answer came to is asked again for a while, before the process ends and its tag waits for a restart. */
const again = Schedule.exponential("50 millis").pipe(
  Schedule.union(Schedule.spaced("1 second")),
  Schedule.upTo("10 seconds")
)

const isUnanswered = (error: unknown): error is CommandFailed.CommandFailed =>
  error instanceof CommandFailed.CommandFailed
const isPassed = (error: CommandFailed.CommandFailed): boolean => error.reason === "CommandPassed"
const isFinal = (error: CommandFailed.CommandFailed): boolean => isPassed(error) || error.reason === "CommandIdReused"

/** What is no answer stays an error; whatever else a command fails with is its rejection. */
const settled = <A, X>(result: Either.Either<A, X>): Either.Either<Outcome<A, X>, CommandFailed.CommandFailed> => {
  if (Either.isRight(result)) return Either.right(Either.right(result.right))
  const error: X = result.left
  // the compiler does not see that what is not `CommandFailed` is in the rest of a type parameter
  return isUnanswered(error)
    ? Either.left(error)
    : Either.right(Either.left(error as Exclude<X, CommandFailed.CommandFailed>))
}

/** Sends commands because of an event. */
export const because =
  (consumer: ConsumerId.ConsumerId, event: EntityEvent.EntityEvent<unknown>): Send =>
  (step, command) => {
    const options = {
      commandId: CommandId.ordered(consumer, event.position, step),
      metadata: EntityEvent.causedBy(event)
    }
    return Effect.flatMap(Effect.either(command(options)), settled).pipe(
      Effect.retry({ schedule: again, while: (error) => !isFinal(error) })
    )
  }

/** The event has been reacted to wholly, and so have later ones: there is nothing left to do about it. */
class Passed extends Data.TaggedError("Passed")<{ readonly cause: CommandFailed.CommandFailed }> {}

/** A defect, so that no handler of errors within a reaction takes it for its own. */
export const unlessPassed =
  (send: Send): Send =>
  (step, command) =>
    Effect.catchIf(send(step, command), isPassed, (cause) => Effect.die(new Passed({ cause })))

export const endingWherePassed = <X, R>(
  manager: string,
  { id }: EntityEvent.EntityEvent<unknown>,
  reaction: Effect.Effect<void, X, R>
): Effect.Effect<void, X, R> =>
  Effect.catchSomeDefect(reaction, (defect) =>
    defect instanceof Passed
      ? Option.some(Effect.logInfo(`${manager} has reacted to event ${id} before: ${defect.cause.message}`))
      : Option.none()
  )
