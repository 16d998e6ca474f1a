/** One run of a process, from a claimed epoch to its end. */
import { Context, Duration, Effect, Exit, Fiber, Scope } from "effect"
import type { Process } from "../Process.js"
import { type Fence, ProcessContext } from "../ProcessContext.js"
import type { AbandonedRuns } from "./abandonedRuns.js"
import type { Settings } from "./deploymentSettings.js"
import { within } from "./within.js"

interface Options<Ending> {
  readonly fence: Fence
  readonly recipe: Process<unknown, ProcessContext>
  readonly settings: Settings
  /** Answers when the run has to end, and why. */
  readonly over: Effect.Effect<Ending>
  readonly onStopping: () => void
  readonly abandoned: AbandonedRuns
}

/**
 * Runs a process until it ends or has to, and stops what is left of it. Gives its own exit, or what ended it. What does
 * not stop in time is abandoned: it goes on stopping, and nobody waits for it any more.
 */
export const run = <Ending>(options: Options<Ending>): Effect.Effect<Exit.Exit<unknown, unknown> | Ending> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { fence, over, recipe } = options
      const scope = yield* Scope.make()
      let shutdown: Effect.Effect<void> = Effect.void
      // apart from this fiber, so that a start that hangs can be left behind
      const alive = yield* recipe.pipe(
        Effect.tap((running) => Effect.sync(() => void (shutdown = running.shutdown))),
        Effect.flatMap((running) => running.watchTermination),
        Effect.provide(Context.make(ProcessContext, fence).pipe(Context.add(Scope.Scope, scope))),
        Effect.exit,
        Effect.map(Exit.flatten),
        Effect.interruptible,
        Effect.forkDaemon
      )
      const ended = Effect.map(Fiber.await(alive), Exit.flatten)
      const stop = Fiber.interrupt(alive).pipe(
        Effect.zipRight(Effect.suspend(() => shutdown)),
        Effect.zipRight(Scope.close(scope, Exit.void))
      )
      return yield* Effect.ensuring(restore(Effect.raceFirst(ended, over)), stopInTime(stop, options))
    })
  )

const stopInTime = <Ending>(
  stop: Effect.Effect<void>,
  { abandoned, fence, onStopping, settings }: Options<Ending>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    onStopping()
    if (yield* Effect.isSuccess(within(Effect.uninterruptible(stop), settings.shutdownTimeout))) return
    yield* abandoned.add(fence)
    const limit = Duration.format(settings.shutdownTimeout)
    yield* Effect.logError(
      `process ${fence.index} of ${fence.deployment} did not stop within ${limit}: abandoned, to be fenced`
    )
  })
