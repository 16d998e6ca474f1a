/** What a process does, read from what the lease says of it. Pure. */
import { Data, Duration, Equal, Option } from "effect"
import type { ProcessRow } from "../Lease.js"
import type { Actual, ProcessStatus } from "../ProcessStatus.js"
import { silence } from "./deploymentSettings.js"

const isSilent = ({ sinceBeat }: ProcessRow): boolean =>
  !Option.exists(sinceBeat, (age) => age <= Duration.toMillis(silence))

const actualOf = (row: ProcessRow): Actual => {
  if (Option.isNone(row.runner)) return row.desired ? "Waiting" : "Stopped"
  return isSilent(row) ? "Silent" : Option.getOrElse(row.state, () => "Running")
}

const sinceOf = (row: ProcessRow, actual: Actual): number => {
  const inState = Option.getOrElse(row.sinceState, () => Number.POSITIVE_INFINITY)
  switch (actual) {
    case "Silent":
      return Option.getOrElse(row.sinceBeat, () => row.sinceDesired)
    case "Waiting":
    case "Stopped":
      return Math.min(inState, row.sinceDesired)
    default:
      // an older node that runs it does not tell
      return Option.getOrElse(row.sinceState, () => row.sinceDesired)
  }
}

export const of = (row: ProcessRow): ProcessStatus => {
  const actual = actualOf(row)
  return { ...row, actual, since: sinceOf(row, actual) }
}

/** Whether somebody runs it now, or waits to start it again. */
export const isRun = ({ actual }: ProcessStatus): boolean => actual === "Running" || actual === "Backoff"

/** For how long a process that should run has not, in milliseconds. */
export const idleFor = (status: ProcessStatus): number =>
  status.desired && status.actual !== "Running" ? Math.min(status.since, status.sinceDesired) : 0

/** Whether a process that should run has never run since it is known in its present shape. */
export const isNew = ({ desired, runner, state }: ProcessStatus): boolean =>
  desired && Option.isNone(state) && Option.isNone(runner)

/** All that is told of a process but the ages, which always change. */
const facts = (status: ProcessStatus) => {
  const { actual, desired, epoch, generation, lastError, pinned, runner, starts, suspended, target } = status
  return Data.struct({ actual, desired, epoch, generation, lastError, pinned, runner, starts, suspended, target })
}

export const isSame = (a: ProcessStatus, b: ProcessStatus): boolean => Equal.equals(facts(a), facts(b))
