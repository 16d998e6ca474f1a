/**
 * How readers that have come to the end wait for more. A reader takes a ticket *before* it reads; if anything has
 * happened since, waiting on that ticket returns at once. So no wake-up is lost, whenever it comes.
 */
import { Effect } from "effect"

export interface Wakeups {
  readonly ticket: (partition: number) => number
  /** Returns when the partition has been woken since the ticket was taken. */
  readonly changed: (partition: number, ticket: number) => Effect.Effect<void>
  /** Wakes the readers of these partitions, or of all. */
  readonly wake: (partitions?: Iterable<number>) => void
  /** How many readers wait. */
  readonly waiting: () => number
}

export const make = (): Wakeups => {
  let wakesOfAll = 0
  const wakes = new Map<number, number>()
  const waiters = new Map<number, Set<() => void>>()

  const ticket = (partition: number) => wakesOfAll + (wakes.get(partition) ?? 0)
  const resumeAll = (partition: number) => {
    const waiting = waiters.get(partition)
    waiters.delete(partition)
    for (const wake of waiting ?? []) wake()
  }

  return {
    ticket,
    changed: (partition, since) =>
      Effect.async<void>((resume) => {
        if (ticket(partition) !== since) return resume(Effect.void)
        const wake = () => resume(Effect.void)
        waiters.set(partition, (waiters.get(partition) ?? new Set<() => void>()).add(wake))
        return Effect.sync(() => waiters.get(partition)?.delete(wake))
      }),
    wake: (partitions) => {
      if (partitions === undefined) {
        wakesOfAll++
        for (const partition of waiters.keys()) resumeAll(partition)
      } else {
        for (const partition of partitions) {
          wakes.set(partition, (wakes.get(partition) ?? 0) + 1)
          resumeAll(partition)
        }
      }
    },
    waiting: () => [...waiters.values()].reduce((sum, waiting) => sum + waiting.size, 0)
  }
}
