/** How long things may take, from the settings of a deployment. Milliseconds. */
import { Duration } from "effect"
import { beatInterval, lastTime, type Settings, silence } from "../../../internal/deploymentSettings.js"

const ms = Duration.toMillis

/** The longest wait before a restart that is reckoned with where a schedule of the user's decides. */
const scheduled = 12_000

/** The longest wait before a restart. */
const restart = ({ backoff }: Settings): number =>
  "schedule" in backoff ? scheduled : ms(backoff.max) * (1 + backoff.jitter)

/**
 * From the end of the last fault until every process that should run has written again.
 *
 * A pass that hangs is given up after a silence; what beats look like is then observed for a silence; what was sent and
 * is not taken is sent again after the silence of a process (twice that of a runner). A run that is in the way may take
 * the whole shutdown timeout to end, is fenced within a silence, and the process may be in its longest backoff.
 */
export const revival = (settings: Settings): number =>
  4 * ms(silence) +
  4 * ms(beatInterval) +
  2 * ms(settings.silence) +
  ms(settings.shutdownTimeout) +
  ms(lastTime) +
  restart(settings)

/** For how long a runner may be avoided that did not start a process: until then the spread may be uneven. */
export const avoidance = 60_000

/** How long a deployment may be without a coordinator when nothing is wrong. */
export const office = 2 * ms(silence)

/** An answer of the lease may be so old when somebody says what it said. */
export const lateAnswer = 10_000

/** An owner that has beaten within this must not be robbed. */
export const robbery = ms(silence)
