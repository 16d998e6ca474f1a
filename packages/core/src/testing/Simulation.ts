/**
 * Whole clusters in one program, on a clock of their own, from a seed: what a deployment does when runners are killed,
 * frozen and cut off, when calls come late or not at all, when the store is down and its clock steps.
 *
 * Every runner is the real distributed processing on the real rules of the leases; the network and the store between them
 * are simulated. Beside every process the simulation makes fenced writes as often as it can, and from those and from what
 * the leases were told it checks the promises: no write of an older epoch after one of a newer, no owner robbed that
 * beats, nothing written once the kill switch has answered, every process running again within the bound, always a
 * coordinator, no needless moves, an even spread.
 *
 * The same seed gives the same run. No real time passes, so processes must be made of effects that wait by the clock and
 * draw by `Random`: what waits for a promise, a timer or a socket does not go on.
 *
 * @since 0.1.0
 */
import { Data, type Duration, Effect } from "effect"
import * as cluster from "../internal/processingCluster.js"
import type { Process } from "../Process.js"
import * as Faults from "./internal/simulation/faults.js"
import * as Reports from "./internal/simulation/report.js"
import * as Runs from "./internal/simulation/run.js"
import * as Troubled from "./internal/simulation/troubled.js"

/**
 * Something that goes wrong, or is wished, `at` a time since the beginning. `SwitchOff` is the kill switch of a deployment
 * and `StopOne` of a process, resumed later; `RestartOne` starts a process anew; `MoveOne` pins one to a runner and frees it
 * later; `Hold` does something to a deployment that stands still. `ClockStep` is of the store's clock. What is `silent` does
 * not answer, what is `refused` fails at once. The runners are `runner-1`, `runner-2`, ….
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Faults.Fault

/**
 * The kinds of faults.
 *
 * @since 0.1.0
 * @category models
 */
export type FaultKind = Faults.Kind

/**
 * Which faults a simulation meets, drawn from its seed.
 *
 * @since 0.1.0
 * @category models
 */
export type Schedule = Faults.Schedule

/**
 * What a simulation found: its seed, its faults, all that happened, and which promises were broken.
 *
 * @since 0.1.0
 * @category models
 */
export type Report = Reports.Report

/**
 * What is simulated.
 *
 * - `deployments`: what every runner deploys, as in a program's main; once for each start of a runner.
 * - `shared`: services that all runners have in common, built once beside the store: journals, views, offsets. Calls of
 *   them take no time and do not fail, and a fence that they check is checked at one moment with what they write.
 * - `runners` (3), `duration` (100 s), `faults` (`storm()`).
 * - `lease`: what the runners are given in place of the leases, to see that a broken one is found out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<S = never> extends Runs.Options<S> {}

/**
 * A promise was broken. The message names the seed and tells what had happened.
 *
 * @since 0.1.0
 * @category errors
 */
export class Broken extends Data.TaggedError("Broken")<{ readonly report: Report }> {
  override get message(): string {
    return describe(this.report)
  }
}

/**
 * What a number of simulations went through.
 *
 * @since 0.1.0
 * @category models
 */
export interface Verified {
  readonly seeds: number
  readonly faults: number
  readonly writes: number
}

/**
 * Simulates one seed. The report is the same each time. The program's timers and sockets have their turn before it
 * begins.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = <S = never>(options: Options<S> & { readonly seed: number }): Effect.Effect<Report> =>
  Runs.run({ faults: storm(), ...options }, cluster.make)

/**
 * Simulates many seeds, one after the other, and fails with the first that breaks a promise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const verify = <S = never>(
  options: Options<S> & { readonly seeds: { readonly first: number; readonly count: number } }
): Effect.Effect<Verified, Broken> =>
  Effect.gen(function* () {
    const { count, first } = options.seeds
    const sum = { seeds: count, faults: 0, writes: 0 }
    for (let seed = first; seed < first + count; seed++) {
      const report = yield* run({ ...options, seed })
      if (report.violations.length > 0) return yield* new Broken({ report })
      sum.faults += report.faults.length
      sum.writes += report.moments.filter((moment) => moment._tag === "Wrote").length
    }
    return sum
  })

/**
 * A report as text: the seed, what was broken, the faults, and the `last` (40) events before.
 *
 * @since 0.1.0
 * @category combinators
 */
export const describe = (report: Report, last?: number): string => Reports.describe(report, last)

/**
 * Faults of all kinds, or of some, that overlap: one about `every` 4 s, from 8 s after the beginning `until` 45 s. What is
 * left of the duration is quiet.
 *
 * @since 0.1.0
 * @category constructors
 */
export const storm = (
  options: {
    readonly kinds?: ReadonlyArray<FaultKind>
    readonly from?: Duration.DurationInput
    readonly until?: Duration.DurationInput
    readonly every?: Duration.DurationInput
  } = {}
): Schedule =>
  Faults.storm({
    kinds: options.kinds ?? Faults.kinds,
    from: options.from ?? "8 seconds",
    until: options.until ?? "45 seconds",
    every: options.every ?? "4 seconds"
  })

/**
 * One fault, of any kind or of some, 15 s after the beginning or `at` another time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const single = (
  options: { readonly kinds?: ReadonlyArray<FaultKind>; readonly at?: Duration.DurationInput } = {}
): Schedule => Faults.single({ kinds: options.kinds ?? Faults.kinds, at: options.at ?? "15 seconds" })

/**
 * These faults and no other; none at all for a quiet run.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exactly =
  (...faults: ReadonlyArray<Fault>): Schedule =>
  () =>
    faults

/**
 * So many processes that misbehave, each in another way: they crash, complete, start late, fail to start, stop slowly or
 * not in time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const troubledProcesses = (count: number): ReadonlyArray<Process<string>> => Troubled.processes(count)
