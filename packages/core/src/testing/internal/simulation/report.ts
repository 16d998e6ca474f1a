/** What a simulation found, for a person to read. */
import { Duration } from "effect"
import type { Violation } from "./violation.js"
import { describe as describeFault, type Fault } from "./faults.js"
import { line, type Moment, seconds } from "./happenings.js"

export interface Report {
  /** What the run was drawn from: the same options with the same seed give the same run. */
  readonly seed: number
  readonly faults: ReadonlyArray<Fault>
  /** All that happened, in order; times are milliseconds since the simulation began. */
  readonly moments: ReadonlyArray<Moment>
  /** The promises that were broken; none when all is well. */
  readonly violations: ReadonlyArray<Violation>
}

/** What happens all the time is shown only where it is what was wrong. */
const isUsual = ({ _tag }: Moment): boolean => _tag === "Coordinated" || _tag === "Wrote" || _tag === "Refused"

/** The seed, what was broken, the faults until then, and what happened last. */
export const describe = (report: Report, last = 40): string => {
  const [first] = report.violations
  if (first === undefined) return `seed ${report.seed}: every promise was kept, through ${report.faults.length} faults`
  const before = report.moments.filter(
    (moment) => moment.at <= first.at && (!isUsual(moment) || first.at - moment.at < 100)
  )
  return [
    `seed ${report.seed}: broken ${report.violations.length} times`,
    ...report.violations.slice(0, 10).map(({ at, rule, what }) => `${seconds(at).padStart(11)}  ${rule}: ${what}`),
    "faults",
    ...report.faults.map((fault) => `${seconds(Duration.toMillis(fault.at)).padStart(11)}  ${describeFault(fault)}`),
    `the last ${last} events before the first`,
    ...before.slice(-last).map(line)
  ].join("\n")
}
