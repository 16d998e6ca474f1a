/** How the rows of the lease's tables become the lease's models. */
import type { Lease, ProcessContext } from "@aecor/core"
import { Option } from "effect"

/** Columns of `process_lease` as `fromRow` reads them; 64-bit numbers come as text, whatever the client parses. */
export const columns = `index, generation, desired, suspended AND NOT desired AS suspended, target, pinned, epoch, runner, state, starts, last_error,
  aecor_age(heartbeat_at) AS since_beat, aecor_age(sent_at) AS since_sent, aecor_age(desired_at) AS since_desired,
  aecor_age(state_at) AS since_state`

export interface Row {
  readonly index: number
  readonly generation: string
  readonly desired: boolean
  readonly suspended: boolean
  readonly target: string | null
  readonly pinned: string | null
  readonly epoch: string
  readonly runner: string | null
  readonly state: Lease.Beat["state"] | null
  readonly starts: number
  readonly last_error: string | null
  readonly since_beat: number | null
  readonly since_sent: number | null
  readonly since_desired: number
  readonly since_state: number | null
}

export const fromRow =
  (deployment: string) =>
  (row: Row): Lease.ProcessRow => ({
    deployment,
    index: row.index,
    generation: Number(row.generation),
    desired: row.desired,
    suspended: row.suspended,
    target: Option.fromNullable(row.target),
    pinned: Option.fromNullable(row.pinned),
    epoch: Number(row.epoch),
    runner: Option.fromNullable(row.runner),
    state: Option.fromNullable(row.state),
    starts: row.starts,
    lastError: Option.fromNullable(row.last_error),
    sinceBeat: Option.fromNullable(row.since_beat),
    sinceSent: Option.fromNullable(row.since_sent),
    sinceDesired: row.since_desired,
    sinceState: Option.fromNullable(row.since_state)
  })

/** What `aecor_claim` answers. `Locked` says that a transaction holds the fence. */
export type ClaimRow =
  | { readonly answer: "Claimed"; readonly new_epoch: string; readonly new_token: string }
  | { readonly answer: "Busy" | "Obsolete" | "Locked" }

export const fenceOf = (
  process: Lease.ProcessId,
  runner: string,
  row: Extract<ClaimRow, { readonly answer: "Claimed" }>
): ProcessContext.Fence => ({
  deployment: process.deployment,
  index: process.index,
  epoch: Number(row.new_epoch),
  token: row.new_token,
  runner
})
