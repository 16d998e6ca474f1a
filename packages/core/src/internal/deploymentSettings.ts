/** The settings of a deployment with their defaults, stated once. */
import { Duration, Effect, type Schedule } from "effect"
import type { DeploymentMismatch, Operations, ProcessLeaseError, Shape } from "../Lease.js"
import type { Process } from "../Process.js"
import type { ProcessContext } from "../ProcessContext.js"
import type { Backoff, End, Scheduled } from "./backoff.js"

type BackoffInput =
  | {
      readonly min?: Duration.DurationInput
      readonly max?: Duration.DurationInput
      readonly jitter?: number
      readonly resetAfter?: Duration.DurationInput
    }
  | { readonly schedule: Schedule.Schedule<unknown, End>; readonly resetAfter?: Duration.DurationInput }

export interface Input {
  readonly backoff?: BackoffInput
  readonly shutdownTimeout?: Duration.DurationInput
  readonly silence?: Duration.DurationInput
  readonly role?: string
  readonly fingerprint?: string
  readonly onMismatch?: "fail" | "wait"
}

export interface Settings {
  readonly backoff: Backoff | Scheduled
  readonly shutdownTimeout: Duration.Duration
  /** An owner that has not beaten for so long may be robbed, and stops itself. */
  readonly silence: Duration.Duration
  /** Only nodes that have this role run the processes. */
  readonly role: string | undefined
  readonly fingerprint: string
  readonly onMismatch: "fail" | "wait"
}

const resolveBackoff = (input: BackoffInput): Backoff | Scheduled => {
  const resetAfter = Duration.decode(input.resetAfter ?? "1 minute")
  if ("schedule" in input) return { schedule: input.schedule, resetAfter }
  const { jitter = 0.2 } = input
  const [min, max] = [Duration.decode(input.min ?? "3 seconds"), Duration.decode(input.max ?? "10 seconds")]
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`backoff.jitter is a number from 0 to 1, not ${jitter}`)
  if (Duration.greaterThan(min, max)) {
    throw new RangeError(`backoff.min (${Duration.format(min)}) is longer than backoff.max (${Duration.format(max)})`)
  }
  return { min, max, jitter, resetAfter }
}

const resolveSilence = (input: Duration.DurationInput): Duration.Duration => {
  const given = Duration.decode(input)
  if (Duration.lessThan(given, silence)) {
    throw new RangeError(`silence (${Duration.format(given)}) is shorter than ${Duration.format(silence)}`)
  }
  return given
}

export const resolve = (input: Input): Settings => ({
  backoff: resolveBackoff(input.backoff ?? {}),
  shutdownTimeout: Duration.decode(input.shutdownTimeout ?? "5 seconds"),
  silence: resolveSilence(input.silence ?? silence),
  role: input.role,
  fingerprint: input.fingerprint ?? "",
  onMismatch: input.onMismatch ?? "fail"
})

/** What a host is given: a named set of processes that need nothing but their context. */
export interface Deployment {
  readonly name: string
  readonly processes: ReadonlyArray<Process<unknown, ProcessContext>>
  readonly settings: Settings
}

/** The shape of a deployment as this node knows it. */
export const shapeOf = ({ processes, settings }: Deployment): Shape => ({
  processes: processes.length,
  fingerprint: settings.fingerprint
})

export const sameShape = (one: Shape, other: Shape): boolean =>
  one.processes === other.processes && one.fingerprint === other.fingerprint

/** Makes a deployment known. One that is known in another shape is refused, or waits until it has this node's. */
export const register = (
  lease: Operations,
  deployment: Deployment
): Effect.Effect<void, DeploymentMismatch | ProcessLeaseError> =>
  Effect.catchIf(
    lease.register(deployment.name, deployment.processes.length, deployment.settings.fingerprint),
    (error): error is DeploymentMismatch =>
      error._tag === "DeploymentMismatch" && deployment.settings.onMismatch === "wait",
    (error) => Effect.logInfo(`this node waits: ${error.message}`)
  )

/** How long what has not stopped within the shutdown timeout may take once it is interrupted. */
export const lastTime = Duration.seconds(1)

/** A runner that has been silent for this long counts as dead; and by default an owner may be robbed, and stops itself. */
export const silence = Duration.seconds(3)

/** How often owners beat. */
export const beatInterval = Duration.seconds(1)
