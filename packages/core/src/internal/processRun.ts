/** One run of a process, from a claimed epoch to its end. */
import { Context, Duration, Effect, Exit, Fiber, Scope } from "effect"
import type { Process } from "../Process.js"
import { type Fence, ProcessContext } from "../ProcessContext.js"
import type { AbandonedRuns } from "./abandonedRuns.js"
import { lastTime, type Settings } from "./deploymentSettings.js"
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
      const inGoodOrder = Effect.zipRight(
        Fiber.interrupt(alive),
        Effect.suspend(() => shutdown)
      )
      const release = Scope.close(scope, Exit.void)
      const stop = stopInTime({ inGoodOrder, ended: Fiber.await(alive), release }, options)
      return yield* Effect.ensuring(restore(Effect.raceFirst(ended, over)), stop)
    })
  )

interface Stopping {
  /** Asks the process to stop, and answers when it has. */
  readonly inGoodOrder: Effect.Effect<unknown>
  readonly ended: Effect.Effect<unknown>
  /** Interrupts what has not ended, and releases what it holds. */
  readonly release: Effect.Effect<void>
}

/**
 * Stops what is left of a run in good order and releases what it holds, all of that within the shutdown timeout. What has
 * not stopped then is interrupted; what does not stop even so is abandoned.
 */
const stopInTime = <Ending>(
  { ended, inGoodOrder, release }: Stopping,
  { abandoned, fence, onStopping, settings }: Options<Ending>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    onStopping()
    const process = `process ${fence.index} of ${fence.deployment}`
    const released = yield* Effect.cached(Effect.uninterruptible(release))
    const asking = yield* Effect.forkDaemon(Effect.interruptible(inGoodOrder))
    const stopped = Effect.zipRight(Fiber.join(asking), released)
    if (yield* Effect.isSuccess(within(stopped, settings.shutdownTimeout))) return
    const limit = Duration.format(settings.shutdownTimeout)
    yield* Effect.logWarning(`${process} did not stop within ${limit}: it is interrupted`)
    const interrupted = Effect.all([Fiber.interrupt(asking), released, ended], { concurrency: "unbounded" })
    if (yield* Effect.isSuccess(within(interrupted, lastTime))) return
    yield* abandoned.add(fence)
    yield* Effect.logError(`${process} did not stop when it was interrupted: abandoned, to be fenced`)
  })
