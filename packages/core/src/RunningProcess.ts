/**
 * A process that has been started: a fiber that can be watched and stopped.
 *
 * @since 0.1.0
 */
import { Effect, type Exit, Fiber } from "effect"

/**
 * - `watchTermination` waits for the end, however it came, and never fails.
 * - `shutdown` asks the process to stop and returns when it has, finalizers included.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunningProcess {
  readonly watchTermination: Effect.Effect<Exit.Exit<unknown, unknown>>
  readonly shutdown: Effect.Effect<void>
}

/**
 * The running process that a fiber is: shutdown interrupts it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFiber = (fiber: Fiber.RuntimeFiber<unknown, unknown>): RunningProcess => ({
  watchTermination: Fiber.await(fiber),
  shutdown: Effect.asVoid(Fiber.interrupt(fiber))
})
