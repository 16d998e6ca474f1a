/**
 * The handle of a deployment in the whole cluster.
 *
 * @since 0.1.0
 */
import type { Effect } from "effect"
import type { ProcessLeaseError } from "./Lease.js"

/**
 * - `shutdown` stops every process of the deployment on every node and returns when they have stopped; what does not stop
 *   in time is fenced, so that it cannot write any more. The wish is stored first: the deployment stays stopped when nodes
 *   restart. It fails where the wish could not be stored, or something may still write: then call it again.
 * - `resume` lets them run again.
 *
 * @since 0.1.0
 * @category models
 */
export interface KillSwitch {
  readonly shutdown: Effect.Effect<void, ProcessLeaseError>
  readonly resume: Effect.Effect<void, ProcessLeaseError>
}
