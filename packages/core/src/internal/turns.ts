/**
 * Commands of one entity, one at a time, in the order in which they come.
 *
 * Each runs in a fiber of its own, on the runtime of the node that serves the entity: nothing of its caller's is visible
 * to it, neither a transaction nor log annotations, wherever the caller is. A caller that goes away, or waits no longer,
 * takes its command with it, begun or not.
 */
import { Effect, type Exit, Fiber } from "effect"
import type { Answer } from "../Registration.js"
import type { Deadlines } from "./deadlines.js"

/** How long a command that has begun may go on after the end. */
const patience = "5 seconds"

/**
 * What became of a command: it ran; or it is to be sent elsewhere, because it could not begin or finish here; or its time
 * was over first.
 */
export type Outcome = Exit.Exit<Answer, unknown> | "Elsewhere" | "Late"

/** `mayBegin` is asked when a command's turn has come, the deadline begins when it comes. */
interface Conditions {
  readonly mayBegin: () => boolean
  readonly deadlines: Deadlines
}

export interface Turns {
  /** Runs a command when its turn comes. */
  readonly take: (command: Effect.Effect<Answer, unknown>, conditions?: Conditions) => Effect.Effect<Outcome>
  /** How many wait or run. */
  readonly size: () => number
  /** Ends it: sends away what waits, and waits for what has begun, not for ever. */
  readonly close: Effect.Effect<void>
}

const always = (): boolean => true

/** A command that waits or runs, and its caller. */
class Turn {
  fiber: Fiber.RuntimeFiber<Answer, unknown> | undefined
  private readonly stopClock: (() => void) | undefined
  constructor(
    readonly command: Effect.Effect<Answer, unknown>,
    readonly mayBegin: () => boolean,
    private readonly resume: (outcome: Outcome) => void,
    deadlines: Deadlines | undefined,
    late: (turn: Turn) => void
  ) {
    this.stopClock = deadlines?.start(() => late(this))
  }
  forget() {
    this.stopClock?.()
  }
  end(outcome: Outcome) {
    this.forget()
    this.resume(outcome)
  }
}

export const make = (runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.RuntimeFiber<A, E>): Turns => {
  // a set keeps the order in which they came, and lets one in the middle leave
  const waiting = new Set<Turn>()
  let running: Turn | undefined
  let closing = false
  let proceeding = false

  const begin = (turn: Turn) => {
    running = turn
    const fiber = runFork(turn.command)
    turn.fiber = fiber
    fiber.addObserver((exit) => {
      turn.end(exit)
      running = undefined
      proceed()
    })
  }

  /** Begins what waits, until something runs. A loop and no recursion: a command may end at once. */
  const proceed = () => {
    if (proceeding) return
    proceeding = true
    for (const turn of waiting) {
      if (running !== undefined && !closing) break
      waiting.delete(turn)
      if (closing || !turn.mayBegin()) turn.end("Elsewhere")
      else begin(turn)
    }
    proceeding = false
  }

  const late = (turn: Turn) => {
    turn.end("Late")
    waiting.delete(turn)
    if (turn.fiber !== undefined) runFork(Fiber.interruptFork(turn.fiber))
  }

  const take = (command: Effect.Effect<Answer, unknown>, conditions?: Conditions) =>
    Effect.async<Outcome>((resume) => {
      const { deadlines, mayBegin = always } = conditions ?? {}
      const turn = new Turn(command, mayBegin, (outcome) => resume(Effect.succeed(outcome)), deadlines, late)
      waiting.add(turn)
      proceed()
      return Effect.suspend(() => {
        turn.forget()
        waiting.delete(turn)
        return turn.fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(turn.fiber))
      })
    })

  /** What has not ended in time is stopped; its caller hears first that it is to be sent elsewhere. */
  const stop = (turn: Turn) => {
    const { fiber } = turn
    if (fiber === undefined) return Effect.void
    return Fiber.await(fiber).pipe(
      Effect.interruptible,
      Effect.timeoutTo({
        duration: patience,
        onSuccess: () => Effect.void,
        onTimeout: () => {
          turn.end("Elsewhere")
          return Effect.asVoid(Fiber.interrupt(fiber))
        }
      }),
      Effect.flatten
    )
  }

  return {
    take,
    size: () => waiting.size + (running === undefined ? 0 : 1),
    close: Effect.suspend(() => {
      closing = true
      proceed()
      return running === undefined ? Effect.void : stop(running)
    })
  }
}
