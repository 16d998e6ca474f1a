/**
 * What a projection does about an event that it cannot project.
 *
 * - `halt`: the process ends with the error, the host starts it again after its backoff, and it comes to the same event:
 *   nothing behind it in its partition is projected until the cause is mended.
 * - `quarantine`: the event's key is set aside, and the others go on. Its later events wait in their order. What is set
 *   aside is on a list that survives restarts and takeovers (`Projection.quarantine`), and is tried again by a schedule in
 *   the process, or by hand from any node; when all that has waited is projected, the key goes on as before.
 *
 * Only what lies with an event is set aside: a fold or a handler that fails, or a gap that the journal cannot fill. A store
 * that does not answer, a fence or an offset that is refused end the process under either policy. So does an event that
 * cannot be read (`JournalError`, `Undecodable`): it is most often newer than the code, and an old node in a rolling deploy
 * must not set aside what the new ones can read.
 *
 * What handles pages as a whole (`Committable.consume`, SQL of one's own) knows only `halt`: of a page that fails nobody
 * can say which key is to blame.
 *
 * @since 0.1.0
 */
import { Option, type Schedule } from "effect"

/**
 * A policy, as a value.
 *
 * @since 0.1.0
 * @category models
 */
export type FailurePolicy = Halt | Quarantine

/**
 * Nothing is passed over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Halt {
  readonly _tag: "Halt"
}

/**
 * Up to `limit` keys of each partition are set aside.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quarantine {
  readonly _tag: "Quarantine"
  readonly limit: number
  readonly retry: Option.Option<Schedule.Schedule<unknown>>
}

/**
 * The process ends at the event: the policy of a projection that names none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const halt: Halt = { _tag: "Halt" }

const defaultLimit = 100

/**
 * The event's key is set aside.
 *
 * - `limit` (100): of how many keys a partition at the most. Where one more fails, the process ends as with `halt`: a fold
 *   that fails on everything is no matter of single keys.
 * - `retry`: when a process tries again what its partition has set aside. It begins when the first key comes, and anew
 *   when all have left; where it ends before, the rest waits for a retry by hand. None by default.
 *
 * Throws a `RangeError` when `limit` is not a positive integer.
 *
 * @example
 * ```ts
 * FailurePolicy.quarantine({ retry: Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("10 minutes")) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const quarantine = (
  options: { readonly limit?: number; readonly retry?: Schedule.Schedule<unknown> } = {}
): Quarantine => {
  const { limit = defaultLimit, retry } = options
  if (!Number.isInteger(limit) || limit <= 0) {
    throw new RangeError(`limit must be a positive integer, got ${limit}`)
  }
  return { _tag: "Quarantine", limit, retry: Option.fromNullable(retry) }
}
