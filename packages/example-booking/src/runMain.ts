/**
 * Runs a program as the process's own: an expected failure is one line that says what is wrong and what is behind it, a
 * defect its cause. Passwords in addresses are not told.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Effect, Option, Predicate } from "effect"

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

export const runMain = <A, E>(program: Effect.Effect<A, E>): void =>
  NodeRuntime.runMain(
    Effect.tapErrorCause(program, (cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.void : Console.error(describe(cause))
    ),
    { disableErrorReporting: true }
  )
