/**
 * Named sets of processes, each running exactly once, somewhere.
 *
 * `deploy` (a Layer) or `start` (an Effect that gives the kill switch) hands a set to the host; every node of an
 * application does the same, and the host decides where each process runs. A process that fails or completes is started
 * again with backoff; one whose node dies, freezes or is cut off is taken over elsewhere.
 *
 * Guarantees: of the runs of a process at most one copy's fenced writes take effect, whatever happens. Not guaranteed:
 * that two copies never overlap for a moment; what a process does outside a fenced write must bear that.
 *
 * @since 0.1.0
 */
import type { Sharding, ShardingConfig } from "@effect/cluster"
import { Context, Duration, Effect, Layer, type Scope, Stream } from "effect"
import { type Deployment, type Input, resolve } from "./internal/deploymentSettings.js"
import * as cluster from "./internal/processingCluster.js"
import * as ProcessEntity from "./internal/processEntity.js"
import * as local from "./internal/processingLocal.js"
import type { KillSwitch } from "./KillSwitch.js"
import type { DeploymentExists, DeploymentMismatch, ProcessLeaseError } from "./Lease.js"
import type { Process } from "./Process.js"
import type { ProcessContext } from "./ProcessContext.js"
import type { ProcessLease } from "./ProcessLease.js"
import type { Health, ProcessStatus } from "./ProcessStatus.js"
import * as nodeSettings from "./internal/nodeSettings.js"
import { idleFor, isNew } from "./internal/processStatus.js"
import type { RunningProcess } from "./RunningProcess.js"

/**
 * How a deployment treats its processes. Settings that make no sense are a defect of its start: a `RangeError` that names
 * them.
 *
 * - `backoff`: the wait before a restart: `min` (3 s), doubled each time up to `max` (10 s), spread by `jitter` (0.2 =
 *   ±20 %), counted anew after a run of `resetAfter` (1 minute). Or a `schedule` of yours, that sees how the run ended;
 *   where it ends itself, the process waits for 10 s and it begins anew.
 * - `shutdownTimeout` (5 s): how long a process may take to stop in good order before it is interrupted. What does not stop
 *   within a second then is abandoned, fenced and logged as an error.
 * - `silence` (3 s, and no less): how long a node may be without a successful beat. Then it stops the processes itself,
 *   and others may take them over. Longer, where machines or Postgres stand still for seconds at times, and a takeover
 *   has time.
 * - `role` (none): only nodes that have it run the processes (`layerClusterWith`). Every node may start the deployment.
 * - `fingerprint` (`""`): tells the code of these processes from that of another release; together with their number it
 *   is the deployment's shape. Processes run only on nodes of the registered shape, which `Deployment.reshape` changes.
 * - `onMismatch` (`"fail"`): what a start does where another shape is registered. `"wait"` is for a rolling deploy: it
 *   succeeds, and this node is given processes as soon as its shape is the registered one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings extends Input {}

/**
 * Why a deployment cannot start: its name is taken on this node, it is known in the cluster in another shape, or the lease's storage does not answer.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError = DeploymentExists | DeploymentMismatch | ProcessLeaseError

/**
 * The host of processes. `start` hosts a deployment on this node until the scope closes, and `deployments` are those that
 * it hosts. The others concern a deployment in the whole cluster, and work on any node, also one that only calls.
 *
 * @since 0.1.0
 * @category services
 */
export class DistributedProcessing extends Context.Tag("@aecor/core/DistributedProcessing")<
  DistributedProcessing,
  {
    readonly start: (deployment: Deployment) => Effect.Effect<KillSwitch, StartError, Scope.Scope>
    readonly deployments: Effect.Effect<ReadonlyArray<string>>
    readonly killSwitch: (name: string) => KillSwitch
    readonly status: (name: string) => Effect.Effect<ReadonlyArray<ProcessStatus>, ProcessLeaseError>
    readonly changes: (name: string) => Stream.Stream<ProcessStatus>
  }
>() {}

/**
 * What processes need from whoever deploys them: all but their own run's context and scope.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements<P extends Process<unknown, unknown>> = Exclude<
  Effect.Effect.Context<P>,
  ProcessContext | Scope.Scope
>

/**
 * Deploys a uniquely named set of processes and gives the kill switch of the deployment. Closing the scope ends this
 * node's part only: its processes stop in good order and go to other nodes.
 *
 * @example
 * ```ts
 * const killSwitch = yield* DistributedProcessing.start("Heartbeats", [Process.fromEffect(heartbeat)])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = <P extends Process<unknown, unknown>>(
  name: string,
  processes: ReadonlyArray<P>,
  settings: Settings = {}
): Effect.Effect<KillSwitch, StartError, DistributedProcessing | Requirements<P> | Scope.Scope> =>
  Effect.gen(function* () {
    const host = yield* DistributedProcessing
    const context = yield* Effect.context<Requirements<P>>()
    const provided = processes.map((process) => provideRest(process, context))
    return yield* host.start({ name, processes: provided, settings: resolve(settings) })
  })

// What a process needs beside its run's own context and scope comes from the deployment. `Exclude` over a type parameter
// does not reduce, so the compiler cannot see that the two parts make up the whole.
const provideRest = <P extends Process<unknown, unknown>>(
  process: P,
  context: Context.Context<Requirements<P>>
): Process<unknown, ProcessContext> =>
  Effect.mapInputContext(
    process as Effect.Effect<RunningProcess, unknown, Effect.Effect.Context<P>>,
    (own: Context.Context<ProcessContext | Scope.Scope>) =>
      Context.merge(context, own) as Context.Context<Effect.Effect.Context<P>>
  )

/**
 * `start` as a layer: the deployment lives as long as the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const deploy = <P extends Process<unknown, unknown>>(
  name: string,
  processes: ReadonlyArray<P>,
  settings: Settings = {}
): Layer.Layer<never, StartError, DistributedProcessing | Requirements<P>> =>
  Layer.scopedDiscard(start(name, processes, settings))

/**
 * The kill switch of a deployment, and of each of its processes, from any node: who wishes need not host.
 *
 * @since 0.1.0
 * @category combinators
 */
export const killSwitch = (name: string): Effect.Effect<KillSwitch, never, DistributedProcessing> =>
  Effect.map(DistributedProcessing, (_) => _.killSwitch(name))

/**
 * Every process of a deployment as the cluster knows it, by index; none when it has never been started. The ages are as
 * of now.
 *
 * @since 0.1.0
 * @category combinators
 */
export const status = (
  name: string
): Effect.Effect<ReadonlyArray<ProcessStatus>, ProcessLeaseError, DistributedProcessing> =>
  Effect.flatMap(DistributedProcessing, (_) => _.status(name))

/**
 * Every process of a deployment as it is now, and then again whenever anything but an age is different. It is looked at
 * once a second, so what is over sooner may be missed, as by whoever reads slowly; how it is now never is. While the
 * lease's storage does not answer nothing comes.
 *
 * @since 0.1.0
 * @category combinators
 */
export const changes = (name: string): Stream.Stream<ProcessStatus, never, DistributedProcessing> =>
  Stream.unwrap(Effect.map(DistributedProcessing, (_) => _.changes(name)))

/**
 * Whether every process that should run does: for a node's readiness, or an alarm. A process may be idle for `patience`
 * (15 s: longer than a takeover and the longest backoff) before it is late; but as long as one has not run at all, nothing
 * is ready. Of the given deployments; by default of those that this node has started.
 *
 * @since 0.1.0
 * @category combinators
 */
export const health = (
  options: { readonly deployments?: ReadonlyArray<string>; readonly patience?: Duration.DurationInput } = {}
): Effect.Effect<Health, ProcessLeaseError, DistributedProcessing> =>
  Effect.gen(function* () {
    const host = yield* DistributedProcessing
    const names = options.deployments ?? (yield* host.deployments)
    const patience = Duration.toMillis(options.patience ?? "15 seconds")
    const found = yield* Effect.forEach(names, (name) => Effect.map(host.status(name), (rows) => ({ name, rows })))
    const late = found.flatMap(({ rows }) => rows.filter((one) => idleFor(one) > patience))
    const starting = found.flatMap(({ rows }) => rows.filter((one) => isNew(one) && idleFor(one) <= patience))
    const unknown = found.filter(({ rows }) => rows.length === 0).map(({ name }) => name)
    return { ready: [late, starting, unknown].every((_) => _.length === 0), late, starting, unknown }
  })

/**
 * All processes on this node. Supervision, epochs, backoff and the kill switch are those of the cluster.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLocal: Layer.Layer<DistributedProcessing, never, ProcessLease> = Layer.scoped(
  DistributedProcessing,
  local.make
)

/**
 * What a node is among others.
 *
 * - `weight` (1): a whole number up to 1000; a node of weight 2 gets twice as many processes as one of weight 1.
 * - `roles` (none): it also runs the deployments that ask for one of these.
 *
 * @since 0.1.0
 * @category models
 */
export interface NodeSettings extends nodeSettings.Input {}

/**
 * Processes spread evenly over the runners of an @effect/cluster, taken over when one dies.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCluster: Layer.Layer<
  DistributedProcessing,
  never,
  ProcessLease | Sharding.Sharding | ShardingConfig.ShardingConfig
> = Layer.scoped(DistributedProcessing, cluster.make).pipe(Layer.provide(ProcessEntity.layer))

/**
 * As `layerCluster`, for a node with a weight or roles. Throws a `RangeError` when the weight is none.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClusterWith = (node: NodeSettings): typeof layerCluster =>
  Layer.scoped(DistributedProcessing, cluster.makeWith(nodeSettings.resolve(node))).pipe(
    Layer.provide(ProcessEntity.layer)
  )
