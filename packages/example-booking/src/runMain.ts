/** Runs a program as the process's own: an expected failure is one line that says what is wrong, a defect its cause. */
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Effect, Option } from "effect"

const describe = (cause: Cause.Cause<unknown>): string =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => Cause.pretty(cause),
    onSome: (error) => (error instanceof Error ? error.message : String(error))
  })

export const runMain = <A, E>(program: Effect.Effect<A, E>): void =>
  NodeRuntime.runMain(
    Effect.tapErrorCause(program, (cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.void : Console.error(describe(cause))
    ),
    { disableErrorReporting: true }
  )
