/**
 * Runs a program as the process's own: an expected failure is one line that says what is wrong and what is behind it, a
 * defect its cause. Passwords in addresses are not told.
 */
import { Runtime } from "@effect/platform"
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, type Duration, Effect, Fiber, Option, Predicate } from "effect"

/** An error and what it was caused by, outermost first: as much as anybody reads, for an error can be its own cause. */
const chain = (error: unknown, most = 10): ReadonlyArray<unknown> =>
  Predicate.isNullable(error) || most === 0
    ? []
    : [error, ...chain(Predicate.hasProperty(error, "cause") ? error.cause : undefined, most - 1)]

/** What one of them says by itself. Of several addresses that were tried, the last error is as good as any. */
const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === "") return messageOf(error.errors.at(-1))
  return error instanceof Error ? error.message : String(error)
}

const withoutPasswords = (text: string): string => text.replace(/(\w:\/\/[^\s:/@]*:)\S*@/g, "$1<redacted>@")

/** Each of the messages that the ones before have not said. */
const describeError = (error: unknown): string =>
  chain(error)
    .map(messageOf)
    .reduce((said, message) => (message === "" || said.includes(message) ? said : `${said}: ${message}`))

export const describe = (cause: Cause.Cause<unknown>): string =>
  withoutPasswords(
    Option.match(Cause.failureOption(cause), { onNone: () => Cause.pretty(cause), onSome: describeError })
  )

/**
 * Lets a program that is interrupted take so long to end in good order. After that it is left as it is, to end with the
 * process: as if it had been killed, which it has to bear anyway.
 */
export const leavingWithin =
  (patience: Duration.DurationInput) =>
  <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.forkDaemon(program), (fiber) => {
      // disconnected, and in a fiber of its own: what goes on in a finalizer can be neither interrupted nor timed out
      const leaving = Effect.disconnect(Fiber.interrupt(fiber)).pipe(
        Effect.timeoutOption(patience),
        Effect.tap((ended) =>
          Option.isNone(ended) ? Console.error("could not end in good order in time") : Effect.void
        ),
        Effect.interruptible,
        Effect.forkDaemon,
        Effect.flatMap(Fiber.join)
      )
      return Effect.onInterrupt(Fiber.join(fiber), () => leaving)
    })

/** `codeOf` says which exit code an expected failure has: 1 by default, as a defect has. */
export const runMain = <A, E>(program: Effect.Effect<A, E>, codeOf: (error: E) => number = () => 1): void => {
  let failed = 1
  NodeRuntime.runMain(
    Effect.tapErrorCause(program, (cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.void
      failed = Option.match(Cause.failureOption(cause), { onNone: () => 1, onSome: codeOf })
      return Console.error(describe(cause))
    }),
    {
      disableErrorReporting: true,
      teardown: (exit, onExit) => Runtime.defaultTeardown(exit, (code) => onExit(code === 1 ? failed : code))
    }
  )
}
