/**
 * Changing what a deployment is while nodes run: another number of processes, or other code. Nodes of the old shape and
 * of the new one may run side by side before and after; no process runs on a node that does not have its code.
 *
 * @since 0.1.0
 */
import { Clock, Data, Duration, Effect, Exit, Option, Schedule } from "effect"
import { sameShape, silence } from "./internal/deploymentSettings.js"
import type { DeploymentMismatch, ProcessLeaseError, Shape } from "./Lease.js"
import type { Fence, Fenced } from "./ProcessContext.js"
import { ProcessLease } from "./ProcessLease.js"

/**
 * No node has ever started a deployment of this name.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownDeployment extends Data.TaggedError("UnknownDeployment")<{
  readonly deployment: string
}> {
  override get message(): string {
    return `deployment ${this.deployment} is not known in this cluster`
  }
}

/**
 * How a deployment is reshaped.
 *
 * - `processes`, `fingerprint` (`""`): the shape that it is to have.
 * - `patience` (10 s): how long its processes may take to stop; what still runs then is fenced.
 * - `whileStopped`: what has to happen between the old processes and the new ones. Nothing of the deployment can write
 *   meanwhile but what carries the given fence. Where it fails, the deployment goes on in its old shape.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E, R> {
  readonly processes: number
  readonly fingerprint?: string
  readonly patience?: Duration.DurationInput
  readonly whileStopped?: (fence: Fence) => Effect.Effect<void, E, R>
}

/**
 * What became of a deployment: its shape before and now; they are the same where there was nothing to do. `running` says
 * whether any of its processes is wished to run: those of a deployment that was stopped stay stopped.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reshaped {
  readonly from: Shape
  readonly to: Shape
  readonly running: boolean
}

/**
 * Gives a deployment another shape, in the whole cluster: its processes stop in good order, are fenced, and run again
 * on the nodes that host the new shape. Nodes of the old one keep what else they do.
 *
 * Dies with a `RangeError` when the number of processes is no positive integer. Runs anywhere where the leases can be reached, and may be run again: whatever a crash has left behind, the next call
 * goes on from there. Until then the deployment may stand still; nothing of it runs in two shapes.
 *
 * @example
 * ```ts
 * yield* Deployment.reshape("Heartbeats", { processes: 3 })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const reshape: <E = never, R = never>(
  deployment: string,
  options: Options<E, R>
) => Effect.Effect<
  Reshaped,
  E | UnknownDeployment | DeploymentMismatch | Fenced | ProcessLeaseError,
  R | ProcessLease
> = Effect.fn("Deployment.reshape")(function* <E, R>(deployment: string, options: Options<E, R>) {
  const lease = yield* ProcessLease
  const { fingerprint = "", patience = "10 seconds", processes, whileStopped } = options
  if (!Number.isInteger(processes) || processes < 1) {
    throw new RangeError(`Deployment.reshape("${deployment}"): processes must be a positive integer, got ${processes}`)
  }
  const to: Shape = { processes, fingerprint }
  const registered = yield* lease.shape(deployment)
  if (Option.isNone(registered)) return yield* new UnknownDeployment({ deployment })
  const from = registered.value
  const isRunning = Effect.map(lease.list(deployment), (rows) => rows.some(({ desired }) => desired))
  if (sameShape(from, to)) {
    // a call that was given up in between has left it standing
    if (!(yield* isRunning)) yield* lease.reshape(yield* lease.seize(deployment), from, from)
    return { from, to, running: yield* isRunning }
  }

  yield* between({ deployment, from, to, patience }, whileStopped ?? (() => Effect.void))
  return { from, to, running: yield* isRunning }
})

/**
 * Does something while nothing of a deployment runs, in the whole cluster: its processes stop in good order, are fenced,
 * and run again afterwards, also where it fails; those that the kill switch had stopped stay stopped. Nothing of the
 * deployment can write meanwhile but what carries the given fence. What is resumed or restarted meanwhile runs
 * afterwards. A `shutdown` goes before: the fence is refused from then on.
 *
 * - `patience` (10 s): how long its processes may take to stop; what still runs then is fenced.
 * - `fingerprint` (the registered one): that of the code which is to run afterwards.
 *
 * Runs anywhere where the leases can be reached. Where it was killed the deployment stands still, until another call: of
 * this, or of `reshape`. Of two at once the later one goes on, and the earlier one is fenced.
 *
 * @example
 * ```ts
 * yield* Deployment.whileStopped("BookingViewProjection", (fence) => repair(fence))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const whileStopped: <A, E, R>(
  deployment: string,
  body: (fence: Fence) => Effect.Effect<A, E, R>,
  options?: { readonly patience?: Duration.DurationInput; readonly fingerprint?: string | undefined }
) => Effect.Effect<A, E | UnknownDeployment | DeploymentMismatch | Fenced | ProcessLeaseError, R | ProcessLease> =
  Effect.fn("Deployment.whileStopped")(function* (deployment, body, options = {}) {
    const lease = yield* ProcessLease
    const registered = yield* lease.shape(deployment)
    if (Option.isNone(registered)) return yield* new UnknownDeployment({ deployment })
    const from = registered.value
    const to = { ...from, fingerprint: options.fingerprint ?? from.fingerprint }
    return yield* between({ deployment, from, to, patience: options.patience ?? "10 seconds" }, body)
  })

/** What happens between the processes of one shape and those of another. */
const between = Effect.fnUntraced(function* <A, E, R>(
  step: {
    readonly deployment: string
    readonly from: Shape
    readonly to: Shape
    readonly patience: Duration.DurationInput
  },
  body: (fence: Fence) => Effect.Effect<A, E, R>
) {
  const lease = yield* ProcessLease
  const { deployment, from, patience, to } = step
  yield* lease.suspend(deployment)
  yield* Effect.onInterrupt(untilStopped(deployment, patience), () =>
    Effect.ignoreLogged(Effect.flatMap(lease.seize(deployment), (fence) => lease.reshape(fence, from, from)))
  )
  const fence = yield* lease.seize(deployment)
  const answer = yield* Effect.onExit(body(fence), (exit) =>
    // the old processes go on; where that cannot be said, the next call will say it
    Exit.isSuccess(exit) ? Effect.void : Effect.ignoreLogged(lease.reshape(fence, from, from))
  )
  yield* lease.reshape(fence, from, to)
  return answer
})

/** Returns when nothing of a deployment runs any more, or runs but says nothing; in any case after a while. */
const untilStopped = Effect.fnUntraced(function* (deployment: string, patience: Duration.DurationInput) {
  const lease = yield* ProcessLease
  const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(patience)
  const isAtWork = Effect.map(lease.list(deployment), (rows) =>
    rows.some(
      ({ runner, sinceBeat }) =>
        Option.isSome(runner) && Option.exists(sinceBeat, (age) => age <= Duration.toMillis(silence))
    )
  )
  yield* Effect.repeat(isAtWork, {
    schedule: Schedule.spaced("100 millis"),
    while: (working) => Effect.map(Clock.currentTimeMillis, (now) => working && now < until)
  })
})
