/**
 * A process of a deployment as anybody can see it, from any node: what is wished, and what is so.
 *
 * @since 0.1.0
 */
import type { Beat, ProcessRow } from "./Lease.js"

/**
 * What a process does:
 *
 * - `Running`; `Backoff`: it waits to be started again; `Stopping`: its finalizers run;
 * - `Silent`: its runner has not beaten for three seconds. It is taken over, if it is desired;
 * - `Waiting`: it is desired and nobody runs it yet; `Stopped`: it is not desired, and nobody runs it.
 *
 * @since 0.1.0
 * @category models
 */
export type Actual = Beat["state"] | "Silent" | "Waiting" | "Stopped"

/**
 * A process as the lease knows it, and what it does, for so many milliseconds (`since`). Which run it is in says `epoch`;
 * `starts` counts those of its present runner; `lastError` stays when the process is well again.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessStatus extends ProcessRow {
  readonly actual: Actual
  readonly since: number
}

/**
 * Whether every process that should run does, or has but a while ago. `late` are those of which that is not so;
 * `starting` are those that have not run at all yet, and are not late; a deployment is `unknown` while nobody has ever
 * started it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Health {
  readonly ready: boolean
  readonly late: ReadonlyArray<ProcessStatus>
  readonly starting: ReadonlyArray<ProcessStatus>
  readonly unknown: ReadonlyArray<string>
}
