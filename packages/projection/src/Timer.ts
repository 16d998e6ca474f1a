/**
 * What a timer is, what it becomes, and what a store of timers does: the models, the error and the operations of the port
 * `Timers`.
 *
 * @since 0.1.0
 */
import { type EntityEvent, type ProcessContext, Tagging } from "@aecor/core"
import { Data, DateTime, Effect, type Option, Schema, type Scope } from "effect"

/**
 * A timer: `id` is unique among those of its `name`. It is fired at `due` or after it; a fraction of a millisecond counts as
 * a whole one.
 *
 * - `payload`: anything that JSON keeps as it is; `null` where it is left out.
 * - `metadata`: what the event carries that it becomes: `EntityEvent.causedBy` where an event leads to the timer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timer {
  readonly name: string
  readonly id: string
  readonly due: DateTime.Utc
  readonly payload?: unknown
  readonly metadata?: EntityEvent.Metadata
}

/**
 * A timer as it is stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry extends Required<Timer> {}

/**
 * The event that a timer becomes when it is due: what its journal holds, and what is reacted to. `due` is when it was to
 * be fired; the event's `timestamp` is when it was.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Fired = Schema.TaggedStruct("TimerFired", {
  name: Schema.String,
  id: Schema.String,
  due: Schema.DateTimeUtc,
  payload: Schema.Unknown
})

/**
 * @since 0.1.0
 * @category models
 */
export type Fired = typeof Fired.Type

/**
 * What came of scheduling a timer.
 *
 * - `Scheduled`: it is new.
 * - `Unchanged`: it was there already, with the same due date and payload.
 * - `Rescheduled`: it was there and has not been fired; the due date and the payload are now those given.
 * - `AlreadyFired`: it has been fired, and stays so. Nothing was changed.
 *
 * @since 0.1.0
 * @category models
 */
export type Scheduled = "Scheduled" | "Unchanged" | "Rescheduled" | "AlreadyFired"

/**
 * What came of cancelling a timer: it will never be fired; or there is none (or no more); or it was too late.
 *
 * @since 0.1.0
 * @category models
 */
export type Cancelled = "Cancelled" | "NotFound" | "AlreadyFired"

/**
 * The timers of a name that one process fires: those in its slots.
 *
 * @since 0.1.0
 * @category models
 */
export interface Share {
  readonly name: string
  readonly slots: ReadonlyArray<number>
}

/**
 * The storage did not answer, or refused: then nothing was changed, unless the answer was lost. Every operation may be
 * repeated.
 *
 * @since 0.1.0
 * @category errors
 */
export class TimersError extends Data.TaggedError("TimersError")<{
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `timers: ${this.description}`
  }
}

/**
 * The operations of a store of timers. The last four are for the processes that fire them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operations {
  /**
   * Makes a timer, or changes the due date and the payload of a pending one. The same again changes nothing, so it may be
   * repeated. One whose due date is past is due at once. Fails where its `keyOf` is longer than `longestKey`.
   */
  readonly schedule: (timer: Timer) => Effect.Effect<Scheduled, TimersError>
  /** Takes a pending timer back. */
  readonly cancel: (name: string, id: string) => Effect.Effect<Cancelled, TimersError>
  /**
   * A page of the pending timers of a name, in the order of their due dates, then of their ids; `after` is the last one of
   * the page before.
   */
  readonly pending: (
    name: string,
    page: { readonly most: number; readonly after?: Pick<Timer, "due" | "id"> }
  ) => Effect.Effect<ReadonlyArray<Entry>, TimersError>
  /** How many timers of a name are pending. It counts them: a million take a while. */
  readonly count: (name: string) => Effect.Effect<number, TimersError>

  /** In how many milliseconds the first timer of a share that is not handed over is due: 0 where it is due by now. */
  readonly untilDue: (share: Share) => Effect.Effect<Option.Option<number>, TimersError>
  /**
   * Up to `most` timers that are due, in the order of their due dates, also those that were taken before and are not handed
   * over. From now on they have fired. It may give fewer than are due while somebody else changes them.
   */
  readonly take: (
    share: Share,
    options: { readonly fence: ProcessContext.Fence; readonly most: number }
  ) => Effect.Effect<ReadonlyArray<Entry>, TimersError | ProcessContext.Fenced>
  /** Notes that the events of timers that were taken are in the journal. */
  readonly handedOver: (
    name: string,
    options: { readonly fence: ProcessContext.Fence; readonly ids: ReadonlyArray<string> }
  ) => Effect.Effect<void, TimersError | ProcessContext.Fenced>
  /** Calls back when a timer of any name may have been scheduled that is due within the `horizon`. */
  readonly subscribe: (listener: () => void) => Effect.Effect<void, TimersError, Scope.Scope>
}

/**
 * The key of a timer's event in its journal: what a quarantine lists, and is asked to retry.
 *
 * @since 0.1.0
 * @category combinators
 */
export const keyOf = (name: string, id: string): string => JSON.stringify([name, id])

/**
 * How long the key of a timer may be, in bytes of UTF-8: shorter than what the indexes of a journal and of what follows from
 * it take. A timer that comes due and cannot become an event would be in the way of the others.
 *
 * @since 0.1.0
 * @category models
 */
export const longestKey = 1024

/**
 * A timer as a store has to keep it: due at a whole millisecond, never before the given date. Fails where no journal may
 * take its key.
 *
 * @since 0.1.0
 * @category combinators
 */
export const toEntry = (timer: Timer): Effect.Effect<Entry, TimersError> => {
  const { due, id, metadata = {}, name, payload = null } = timer
  const bytes = new TextEncoder().encode(keyOf(name, id)).length
  return bytes > longestKey
    ? new TimersError({ description: `the key of a timer would have ${bytes} bytes; it may have ${longestKey}` })
    : Effect.succeed({ name, id, due: DateTime.mapEpochMillis(due, Math.ceil), payload, metadata })
}

/**
 * Among how many slots the timers of a name are spread: more processes than these cannot share them. Part of the storage
 * format, as `slotOf` is.
 *
 * @since 0.1.0
 * @category models
 */
export const slots = 16

/**
 * The slot of a timer, from 0 on: by a stable hash, whatever number of processes there is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const slotOf = (name: string, id: string): number => Tagging.stableHash(keyOf(name, id)) % slots
