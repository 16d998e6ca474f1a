/**
 * What a process lease says: the models, errors and operations of the port `ProcessLease`.
 *
 * @since 0.1.0
 */
import { Data, type Duration, type Effect, type Option } from "effect"
import type { Fence, Fenced } from "./ProcessContext.js"

/**
 * The lease's storage did not answer, or refused.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProcessLeaseError extends Data.TaggedError("ProcessLeaseError")<{
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.description
  }
}

/**
 * What all nodes that host a deployment have in common: how many processes it has, and a text by which an application
 * tells the code of one release from another's; `""` where it tells nothing. Processes are given only to nodes of the
 * shape that is registered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shape {
  readonly processes: number
  readonly fingerprint: string
}

/**
 * The deployment is known in this cluster in another shape. `fingerprint` is the one that was asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeploymentMismatch extends Data.TaggedError("DeploymentMismatch")<{
  readonly deployment: string
  readonly processes: number
  readonly registered: number
  readonly fingerprint?: string
  readonly registeredFingerprint?: string
}> {
  override get message(): string {
    const { deployment, fingerprint = "", processes, registered, registeredFingerprint = "" } = this
    const known = `deployment ${deployment} has ${registered} processes`
    return fingerprint === registeredFingerprint
      ? `${known} in this cluster, not ${processes}`
      : `${known} of ${JSON.stringify(registeredFingerprint)} in this cluster, not ${processes} of ${JSON.stringify(fingerprint)}`
  }
}

/**
 * The deployment's name is taken on this node: names are unique.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeploymentExists extends Data.TaggedError("DeploymentExists")<{
  readonly deployment: string
}> {
  override get message(): string {
    return `deployment ${this.deployment} has been started on this node already`
  }
}

/**
 * A process of a deployment in one of its generations: each placement and each resume begins a new generation.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessId {
  readonly deployment: string
  readonly index: number
  readonly generation: number
}

/**
 * A process, with the shape in which its host knows the deployment. Without one the host knows of no shapes, and means
 * what was registered first.
 *
 * @since 0.1.0
 * @category models
 */
export interface Claimant extends ProcessId {
  readonly shape?: Shape | undefined
}

/**
 * A deployment that a runner hosts, and its shape there; see `Claimant`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Announced {
  readonly deployment: string
  readonly shape?: Shape | undefined
}

/**
 * The answer to a claim: the fence of a new epoch; or somebody else owns it and beats; or the generation is not the
 * current one any more, or not desired, or the deployment has another shape.
 *
 * @since 0.1.0
 * @category models
 */
export type Claim =
  | { readonly _tag: "Claimed"; readonly fence: Fence }
  | { readonly _tag: "Busy" }
  | { readonly _tag: "Obsolete" }

/**
 * What an owner says of itself with each beat. During the wait before a restart it goes on beating, in `Backoff`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Beat {
  readonly fence: Fence
  readonly generation: number
  readonly state: "Running" | "Backoff" | "Stopping"
  /** How often this process has been started by its present host. */
  readonly starts: number
  readonly lastError: Option.Option<string>
}

/**
 * The answer to a beat: still the owner; a newer generation is wanted or none at all, so stop in good order; or another
 * epoch exists, so stop at once.
 *
 * @since 0.1.0
 * @category models
 */
export type BeatAnswer = "Held" | "Superseded" | "Fenced"

/**
 * A runner that lives, and its share of the processes compared with others': one of weight 2 gets twice as many.
 *
 * @since 0.1.0
 * @category models
 */
export interface Runner {
  readonly name: string
  readonly weight: number
}

/**
 * One process as the store knows it. Ages are in milliseconds by the store's own clock; a time in the future (a clock
 * that stepped back) counts as expired. `sinceSent` and `sinceBeat` are none when it never happened.
 *
 * - `suspended`: it is to run, but not before the suspension of its deployment is over; `desired` is false until then.
 * - `sinceDesired`: since `desired` is what it is.
 * - `sinceState`: since the owner says the present `state`, or since nobody owns it.
 * - `pinned`: the runner that it belongs to while that one lives, whatever the balance.
 * - `lastError`: of the last run that failed, also of an earlier owner's.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessRow {
  readonly deployment: string
  readonly index: number
  readonly generation: number
  readonly desired: boolean
  readonly suspended: boolean
  readonly target: Option.Option<string>
  readonly pinned: Option.Option<string>
  readonly epoch: number
  readonly runner: Option.Option<string>
  readonly state: Option.Option<Beat["state"]>
  readonly starts: number
  readonly lastError: Option.Option<string>
  readonly sinceBeat: Option.Option<number>
  readonly sinceSent: Option.Option<number>
  readonly sinceDesired: number
  readonly sinceState: Option.Option<number>
}

/**
 * The operations of the lease. A runner is named by its address.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operations {
  /** Makes the deployment's processes known, desired, in generation 0; a second call with the same shape changes nothing. */
  readonly register: (
    deployment: string,
    processes: number,
    fingerprint?: string
  ) => Effect.Effect<void, DeploymentMismatch | ProcessLeaseError>
  /** Every process of a deployment, by index; empty when the deployment is unknown. */
  readonly list: (deployment: string) => Effect.Effect<ReadonlyArray<ProcessRow>, ProcessLeaseError>

  /**
   * Takes a new epoch where the generation is current and desired, the shape is the registered one, and no other owner
   * has beaten within `silence`.
   */
  readonly claim: (
    process: Claimant,
    runner: string,
    silence: Duration.Duration
  ) => Effect.Effect<Claim, ProcessLeaseError>
  /** One beat for each process that a runner owns; the answers are in the order of the beats. */
  readonly beat: (beats: ReadonlyArray<Beat>) => Effect.Effect<ReadonlyArray<BeatAnswer>, ProcessLeaseError>
  /** Gives the process up, where the epoch still is the newest: the next claim need not wait for silence. */
  readonly release: (fence: Fence) => Effect.Effect<void, ProcessLeaseError>
  /** Fails with `Fenced` unless the fence is the newest of its process. Stores check in their own transaction instead. */
  readonly check: (fence: Fence) => Effect.Effect<void, Fenced | ProcessLeaseError>

  /** Wishes the whole deployment stopped, or one process of it, durably; gives the processes concerned. */
  readonly stop: (deployment: string, index?: number) => Effect.Effect<ReadonlyArray<ProcessRow>, ProcessLeaseError>
  /**
   * Wishes the whole deployment running again, or one process of it, in a new generation; gives those that were stopped,
   * and leaves alone the others. While the deployment is suspended they are wished running for when that is over.
   */
  readonly resume: (deployment: string, index?: number) => Effect.Effect<ReadonlyArray<ProcessRow>, ProcessLeaseError>
  /**
   * Wishes a process running in a new generation, whether it runs or not: whoever runs it stops. While the deployment is
   * suspended it is wished running for when that is over. Gives the process.
   */
  readonly restart: (deployment: string, index: number) => Effect.Effect<Option.Option<ProcessRow>, ProcessLeaseError>
  /** Wishes a process on a runner, as long as that one lives; with none, wherever the balance has it. */
  readonly pin: (
    deployment: string,
    index: number,
    runner: Option.Option<string>
  ) => Effect.Effect<void, ProcessLeaseError>
  /** Takes a new epoch for nobody: whatever run still exists is fenced. */
  readonly revoke: (deployment: string, index: number) => Effect.Effect<void, ProcessLeaseError>
  /**
   * Places a process: begins a new generation on a target where `process.generation` is still current and desired.
   * Gives the new generation to the one caller who wins.
   */
  readonly assign: (process: ProcessId, target: string) => Effect.Effect<Option.Option<number>, ProcessLeaseError>

  /** The shape in which a deployment is registered. */
  readonly shape: (deployment: string) => Effect.Effect<Option.Option<Shape>, ProcessLeaseError>
  /**
   * Wishes the deployment stopped until it is reshaped; which of its processes were desired is kept. Nothing of it is
   * desired before, whatever else is wished, unless the fence that `seize` has given to who suspended it is revoked.
   */
  readonly suspend: (deployment: string) => Effect.Effect<void, ProcessLeaseError>
  /** Takes a new epoch of every process: whatever run still exists is fenced. Gives the fence of the first process. */
  readonly seize: (deployment: string) => Effect.Effect<Fence, ProcessLeaseError>
  /**
   * Registers the deployment in another shape, or in the same, under a fence that `seize` has given. Every process is in
   * a new generation then, fenced, and desired as it was before it was suspended; one that is new, as any other was.
   */
  readonly reshape: (
    fence: Fence,
    from: Shape,
    to: Shape
  ) => Effect.Effect<void, Fenced | DeploymentMismatch | ProcessLeaseError>

  /** A runner's sign of life, with the deployments that it hosts and its weight (1). */
  readonly announce: (
    runner: string,
    deployments: ReadonlyArray<Announced>,
    weight?: number
  ) => Effect.Effect<void, ProcessLeaseError>
  /** Forgets a runner that leaves in good order. */
  readonly retract: (runner: string) => Effect.Effect<void, ProcessLeaseError>
  /** The runners that host a deployment in its registered shape and have announced themselves within `silence`, sorted by name. */
  readonly runners: (
    deployment: string,
    silence: Duration.Duration
  ) => Effect.Effect<ReadonlyArray<Runner>, ProcessLeaseError>
  /** Takes or keeps the coordination of a deployment for `term`; false while another runner has it. */
  readonly coordinate: (
    deployment: string,
    runner: string,
    term: Duration.Duration
  ) => Effect.Effect<boolean, ProcessLeaseError>
  /** Gives the coordination of a deployment up, if it is the runner's. */
  readonly resign: (deployment: string, runner: string) => Effect.Effect<void, ProcessLeaseError>
}
