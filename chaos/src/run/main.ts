/**
 * Runs a program of the command line. A signal interrupts it, and it cleans up; then it ends as a program does that the
 * signal has ended, so that whoever has started it can tell: 130 after SIGINT, 143 after SIGTERM.
 */
import * as os from "node:os"
import { NodeRuntime } from "@effect/platform-node"
import { Runtime } from "@effect/platform"
import { type Effect, Exit } from "effect"

export const run = <A, E>(
  program: Effect.Effect<A, E>,
  options?: { readonly disableErrorReporting: boolean }
): void => {
  let ended: number | undefined
  // A terminal, pnpm and a shell may each pass the same Ctrl-C on; only the first one counts, and cleaning up is not cut off.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => void (ended ??= 128 + os.constants.signals[signal]))
  }
  NodeRuntime.runMain(program, {
    ...options,
    teardown: (exit, onExit) =>
      ended !== undefined && Exit.isFailure(exit) ? onExit(ended) : Runtime.defaultTeardown(exit, onExit)
  })
}
