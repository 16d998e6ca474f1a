/**
 * Timers: durable entries (name, id, due date) that fire once, at their time or after it. A payment that does not come in
 * six hours, a reminder after three days.
 *
 * A timer that is due becomes an event, `Fired`, in a journal of its own class. What it leads to is a reaction like any
 * other: `ProcessManager.make`, or `Projection.atLeastOnce` with a `FailurePolicy`. So a timer needs no idempotency, no
 * retries, no quarantine and no replay of its own kind. The timers that wait are rows of a store, not entities: each would
 * cost two more events and a view of all of them, to be found when it is due, and could not be scheduled in the
 * transaction of somebody else. At rest a timer is a row in a table and in one index; a process looks at the first row of
 * that, and sleeps until then.
 *
 * The way of a timer: its process takes it when it is due (from then on it cannot be cancelled), under the process's fence;
 * appends the event, as the first of its key, so that whoever does it again finds it done; and notes that it is handed
 * over. A crash between any of these repeats the rest.
 *
 * Guarantees: a timer that was scheduled and not cancelled becomes one event, never before its due date by the store's
 * clock (Postgres' own; in memory the Effect `Clock`), whatever crashes or is taken over; one that was `Cancelled` never
 * becomes one. A process takes those that are due in the order of their due dates, also after an outage, a page at a
 * time. Not guaranteed: how long after its due date; that the clock of the node that reacts has come as far (decide by
 * the event's `due` and `timestamp`); and that a timer which is scheduled again after it was cancelled is recognised.
 *
 * @since 0.1.0
 */
import { type Journal, Process, ProcessContext, type ProcessLease } from "@aecor/core"
import { Array, Context, Duration, Effect, Layer } from "effect"
import { run } from "./internal/firing.js"
import { checkPageSize } from "./internal/pages.js"
import * as memory from "./internal/timersMemory.js"
import { type Fired, type Operations, type Share, slots } from "./Timer.js"

export * from "./Timer.js"

/**
 * The timers that are pending, and those that were fired. The conformance suite in `@aecor/projection/testing` holds what
 * its `Operations` say.
 *
 * @since 0.1.0
 * @category services
 */
export class Timers extends Context.Tag("@aecor/projection/Timers")<Timers, Operations>() {}

/**
 * How far ahead a store looks when it tells processes of a new timer: one that is due later is found without, for a process
 * looks twice in this time.
 *
 * @since 0.1.0
 * @category models
 */
export const horizon: Duration.Duration = Duration.seconds(10)

/**
 * The processes that fire the timers of a name, and the name to deploy them under.
 *
 * @since 0.1.0
 * @category models
 */
export interface Firing<out R> {
  readonly name: string
  readonly processes: ReadonlyArray<Process.Process<never, R | Timers | ProcessContext.ProcessContext>>
}

/**
 * What fires the timers of a name: `processes` (1 by default) that share them, each of which hands a page of at most
 * `pageSize` (500 by default) to the journal at a time. The journal may be that of several names, and of nothing but timers.
 *
 * A process ends with what its journal or the store fails with, and the host starts it again. Another number of processes
 * needs no migration (`Deployment.reshape`).
 *
 * Throws a `RangeError` when `processes` is not an integer of 1 to 16, or `pageSize` not a positive one.
 *
 * @example
 * ```ts
 * const reminders = Timers.firing("Reminders", { journal: ReminderJournal })
 * DistributedProcessing.deploy(reminders.name, reminders.processes)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const firing = <JS>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, Fired>
    readonly processes?: number
    readonly pageSize?: number
  }
): Firing<JS> => {
  const { journal, processes = 1 } = options
  const pageSize = checkPageSize(name, options.pageSize ?? 500)
  if (!Number.isInteger(processes) || processes < 1 || processes > slots) {
    throw new RangeError(`timers ${name}: processes must be an integer of 1 to ${slots}, got ${processes}`)
  }
  const processOf = (index: number) =>
    Effect.gen(function* () {
      const share: Share = { name, slots: Array.range(0, slots - 1).filter((slot) => slot % processes === index) }
      return yield* Process.fromEffect(
        run({
          share,
          pageSize,
          fence: yield* ProcessContext.ProcessContext,
          timers: yield* Timers,
          journal: yield* journal,
          lookEvery: Duration.times(horizon, 0.5)
        })
      )
    })
  return { name, processes: Array.makeBy(processes, processOf) }
}

/**
 * Timers in the memory of this process, by the Effect `Clock`: the real rules, for tests.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Timers, never, ProcessLease.ProcessLease> = Layer.effect(
  Timers,
  memory.make(horizon)
)
