/**
 * The time of a simulation: one queue of what happens next. Nothing else makes anything go on, so a run is the same each
 * time; and since nothing waits, a minute of it takes milliseconds.
 *
 * The TestClock would do, but it looks at the event loop before each sleeper that it wakes, a millisecond each.
 */
import { Clock, Duration, Effect } from "effect"

export type Step = () => void

interface Timer {
  readonly at: number
  readonly order: number
  step: Step | undefined
}

/** So many steps at one moment are a loop that lets no time pass. */
const mostStepsAtOnce = 2_000_000

export interface Kernel {
  /** In milliseconds since the simulation began. */
  readonly now: () => number
  /** Runs a step at this moment, after those that wait already. */
  readonly soon: (step: Step) => void
  /** Runs a step so many milliseconds later, unless it is called off. */
  readonly later: (delay: number, step: Step) => Step
  /** Lets everything happen until a moment. */
  readonly runUntil: (end: number) => void
}

export const make = (): Kernel => {
  let now = 0
  let order = 0
  let ready: Array<Step> = []
  const timers: Array<Timer> = []

  const settle = () => {
    let steps = 0
    while (ready.length > 0) {
      const batch = ready
      ready = []
      for (const step of batch) step()
      steps += batch.length
      if (steps > mostStepsAtOnce) throw new Error(`the simulation lets no time pass after ${now} ms`)
    }
  }

  return {
    now: () => now,
    soon: (step) => void ready.push(step),
    later: (delay, step) => {
      const timer: Timer = { at: now + Math.max(0, delay), order: order++, step }
      push(timers, timer)
      return () => void (timer.step = undefined)
    },
    runUntil: (end) => {
      settle()
      for (let next = timers[0]; next !== undefined && next.at <= end; next = timers[0]) {
        pop(timers)
        now = next.at
        next.step?.()
        settle()
      }
      now = end
    }
  }
}

/**
 * The kernel's time as a clock. Its time of day is shifted by what `offset` says; how long a sleep lasts, and what is
 * measured in nanoseconds, is as the time that passes, as on a machine whose clock is set.
 */
export const clockOf = (kernel: Kernel, epoch: number, offset: () => number = () => 0): Clock.Clock => {
  const millis = () => epoch + kernel.now() + offset()
  const nanos = () => BigInt(kernel.now()) * 1_000_000n
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const length = Math.ceil(Duration.toMillis(duration))
        if (!Number.isFinite(length)) return
        const callOff = kernel.later(length, () => resume(Effect.void))
        return Effect.sync(callOff)
      })
  }
}

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

// a binary heap, the earliest timer first
const push = (heap: Array<Timer>, timer: Timer): void => {
  let at = heap.length
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || isBefore(parent, timer)) break
    heap[at] = parent
    at = above
  }
  heap[at] = timer
}

const pop = (heap: Array<Timer>): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  while (true) {
    const left = heap[2 * at + 1]
    if (left === undefined) break
    const right = heap[2 * at + 2]
    const [below, child] = right !== undefined && isBefore(right, left) ? [2 * at + 2, right] : [2 * at + 1, left]
    if (isBefore(last, child)) break
    heap[at] = child
    at = below
  }
  heap[at] = last
}
