/** The settings of a deployment with their defaults, stated once. */
import { Duration } from "effect"
import type { Process } from "../Process.js"
import type { ProcessContext } from "../ProcessContext.js"
import type { Backoff } from "./backoff.js"

export interface Input {
  readonly backoff?: {
    readonly min?: Duration.DurationInput
    readonly max?: Duration.DurationInput
    readonly jitter?: number
    readonly resetAfter?: Duration.DurationInput
  }
  readonly shutdownTimeout?: Duration.DurationInput
  readonly role?: string
}

export interface Settings {
  readonly backoff: Backoff
  readonly shutdownTimeout: Duration.Duration
  /** Only nodes that have this role run the processes. */
  readonly role: string | undefined
}

export const resolve = (input: Input): Settings => ({
  backoff: {
    min: Duration.decode(input.backoff?.min ?? "3 seconds"),
    max: Duration.decode(input.backoff?.max ?? "10 seconds"),
    jitter: input.backoff?.jitter ?? 0.2,
    resetAfter: Duration.decode(input.backoff?.resetAfter ?? "1 minute")
  },
  shutdownTimeout: Duration.decode(input.shutdownTimeout ?? "5 seconds"),
  role: input.role
})

/** What a host is given: a named set of processes that need nothing but their context. */
export interface Deployment {
  readonly name: string
  readonly processes: ReadonlyArray<Process<unknown, ProcessContext>>
  readonly settings: Settings
}

/** An owner that has been silent for this long may be robbed, and stops itself. */
export const silence = Duration.seconds(3)

/** How often owners beat. */
export const beatInterval = Duration.seconds(1)
