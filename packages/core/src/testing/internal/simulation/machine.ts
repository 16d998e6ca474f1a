/**
 * A simulated operating-system process: fibers that can be frozen and killed. While it is frozen nothing of it runs, and
 * then everything goes on at once on a clock that has jumped; when it is killed its fibers are gone without a finalizer.
 */
import {
  type Clock,
  Context,
  Effect,
  type Exit,
  FiberId,
  FiberRef,
  HashSet,
  type Logger,
  LogLevel,
  Random,
  Runtime,
  RuntimeFlags,
  type Scheduler
} from "effect"
import type { Kernel, Step } from "./kernel.js"

export interface Machine {
  readonly isAlive: () => boolean
  readonly isFrozen: () => boolean
  /**
   * Runs an effect on this machine, and gives how to interrupt it. Nothing happens where it is dead; while it is frozen,
   * nothing yet.
   */
  readonly run: <A, E>(effect: Effect.Effect<A, E>, onEnd?: (exit: Exit.Exit<A, E>) => void) => Step
  readonly freeze: Step
  readonly thaw: Step
  readonly kill: Step
  /** Interrupts what there is, also of the dead, so that it leaves the memory of this program. */
  readonly dispose: Step
}

export const make = (options: {
  readonly kernel: Kernel
  readonly clock: Clock.Clock
  /** What its `Random` begins with. */
  readonly seed: string
  readonly logger: Logger.Logger<unknown, void>
}): Machine => {
  const { kernel } = options
  let state: "running" | "frozen" | "dead" = "running"
  let held: Array<Step> = []
  const roots = new Set<Step>()
  /** Nothing stops it any more: all of it has to end. */
  let isDisposed = false

  const perform = (step: Step): void => {
    if (state === "running") step()
    else held.push(step)
  }
  const schedule = (step: Step): void => kernel.soon(() => perform(step))
  const release = (): void => {
    state = "running"
    const steps = held
    held = []
    for (const step of steps) schedule(step)
  }
  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) =>
      fiber.currentOpCount > fiber.getFiberRef(FiberRef.currentMaxOpsBeforeYield)
        ? fiber.getFiberRef(FiberRef.currentSchedulingPriority)
        : false,
    scheduleTask: schedule
  }
  const runtime = Effect.runSync(
    Effect.runtime<never>().pipe(
      Effect.withClock(options.clock),
      Effect.withRandom(Random.make(options.seed)),
      Effect.locally(FiberRef.currentLoggers, HashSet.make(options.logger)),
      Effect.locally(FiberRef.currentMinimumLogLevel, LogLevel.Warning),
      Effect.withTracerEnabled(false)
    )
  )
  const own = Runtime.make({
    context: Context.empty(),
    fiberRefs: runtime.fiberRefs,
    runtimeFlags: RuntimeFlags.disable(runtime.runtimeFlags, RuntimeFlags.RuntimeMetrics)
  })

  return {
    isAlive: () => state !== "dead",
    isFrozen: () => state === "frozen",
    run: (effect, onEnd) => {
      if (state === "dead") return () => undefined
      let interrupt: Step = () => undefined
      schedule(() => {
        const fiber = Runtime.runFork(own)(effect, { scheduler })
        interrupt = () => fiber.unsafeInterruptAsFork(FiberId.none)
        roots.add(interrupt)
        fiber.addObserver((exit) => {
          roots.delete(interrupt)
          onEnd?.(exit)
        })
      })
      return () => schedule(() => interrupt())
    },
    freeze: () => {
      if (state === "running") state = "frozen"
    },
    thaw: () => {
      if (state === "frozen") release()
    },
    kill: () => {
      if (!isDisposed) state = "dead"
    },
    dispose: () => {
      isDisposed = true
      for (const interrupt of roots) interrupt()
      release()
    }
  }
}
