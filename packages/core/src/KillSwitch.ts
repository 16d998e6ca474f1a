/**
 * The handle of a deployment in the whole cluster, and of each of its processes.
 *
 * Every wish is stored before anything else happens: it holds through restarts of nodes and of the whole cluster, and
 * whoever waits for it may stop waiting. Of several wishes the last one counts: the deployment's `resume` lets also those
 * run again that were stopped alone.
 *
 * @since 0.1.0
 */
import { Data, type Effect } from "effect"
import type { ProcessLeaseError } from "./Lease.js"
import type { ProcessStatus } from "./ProcessStatus.js"

/**
 * The cluster knows no such deployment, or the deployment has no process of that index. Nothing was wished.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownProcess extends Data.TaggedError("UnknownProcess")<{
  readonly deployment: string
  readonly index: number | undefined
  /** How many processes the deployment has; none when it is unknown. */
  readonly processes: number
}> {
  override get message(): string {
    return this.processes === 0
      ? `no deployment ${this.deployment} has ever been started in this cluster`
      : `deployment ${this.deployment} has no process ${this.index}, but ${this.processes}, counted from 0`
  }
}

/**
 * No live node of that name hosts the deployment. Nothing was wished.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownRunner extends Data.TaggedError("UnknownRunner")<{
  readonly deployment: string
  readonly runner: string
  /** The live nodes that do. */
  readonly runners: ReadonlyArray<string>
}> {
  override get message(): string {
    const hosts = this.runners.length === 0 ? "no live node does" : `${this.runners.join(", ")} do`
    return `no live node ${this.runner} hosts deployment ${this.deployment}: ${hosts}`
  }
}

/**
 * What was wished has not come about in time, or somebody has wished otherwise since. The wish stands: it may still come
 * about.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotDone extends Data.TaggedError("NotDone")<{
  readonly deployment: string
  readonly wish: "resume" | "restart" | "move"
  /** The processes that are not as wished, as they were at last. */
  readonly pending: ReadonlyArray<ProcessStatus>
}> {
  override get message(): string {
    const pending = this.pending.map(
      ({ actual, desired, index }) => `${index} ${actual}${desired ? "" : ", not desired"}`
    )
    return `${this.wish} of deployment ${this.deployment} is not done: ${pending.join("; ")}`
  }
}

/**
 * - `shutdown` stops every process of the deployment on every node and returns when they have stopped; what does not stop
 *   in time, or whose node is silent, is fenced, so that it cannot write any more, and neither can what a stopped one sent before that is still
 *   under way. The deployment stays stopped until it is resumed. It fails where the wish could not be stored, or something may still write: then call it again.
 * - `resume` lets them run again and returns when they do.
 * - `process` is the handle of one of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface KillSwitch {
  readonly shutdown: Effect.Effect<void, ProcessLeaseError | UnknownProcess>
  readonly resume: Effect.Effect<void, ProcessLeaseError | UnknownProcess | NotDone>
  readonly process: (index: number) => ProcessSwitch
}

/**
 * - `stop` and `resume` are the deployment's `shutdown` and `resume` for this process.
 * - `restart` stops it in good order, starts it anew, also when it was stopped, and returns when it runs.
 * - `moveTo` pins it to a node that hosts the deployment and returns when it runs there; a stopped one goes there when it
 *   is resumed. Pinned it stays until it is freed or moved again: whenever that node lives and starts it, it runs there,
 *   and the balance of the others counts it. While the node is gone it runs elsewhere.
 * - `free` leaves its place to the balance again.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessSwitch {
  readonly stop: Effect.Effect<void, ProcessLeaseError | UnknownProcess>
  readonly resume: Effect.Effect<void, ProcessLeaseError | UnknownProcess | NotDone>
  readonly restart: Effect.Effect<void, ProcessLeaseError | UnknownProcess | NotDone>
  readonly moveTo: (runner: string) => Effect.Effect<void, ProcessLeaseError | UnknownProcess | UnknownRunner | NotDone>
  readonly free: Effect.Effect<void, ProcessLeaseError | UnknownProcess>
}
