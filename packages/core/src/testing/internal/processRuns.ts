/** Processes that tell of their runs, for the suite of distributed processing. */
import { expect } from "@effect/vitest"
import { Clock, Deferred, type Duration, Effect, type Scope } from "effect"
import type { DistributedProcessing, Settings } from "../../DistributedProcessing.js"
import * as Processing from "../../DistributedProcessing.js"
import * as Process from "../../Process.js"
import { type Fence, ProcessContext } from "../../ProcessContext.js"
import type { ProcessLease } from "../../ProcessLease.js"
import { byClock } from "./patience.js"

/** One run of a process: under which fence, from when to when (milliseconds of the clock). */
export interface Run {
  readonly fence: Fence
  readonly startedAt: number
  endedAt: number | undefined
}

/** A process that notes each of its runs and then does what `body` says of the n-th, counted from 1. */
export const recorded = <E>(runs: Array<Run>, body: (n: number) => Effect.Effect<unknown, E>) =>
  Process.fromEffect(
    Effect.gen(function* () {
      const run = yield* begin(runs)
      yield* Effect.ensuring(body(nth(runs, run)), end(run))
    })
  )

/** The recipe of a process whose start does what `body` says of the n-th. */
export const recordedStart = <E>(
  runs: Array<Run>,
  body: (n: number) => Effect.Effect<never, E, Scope.Scope>
): Process.Process<E, ProcessContext> =>
  Effect.gen(function* () {
    const run = yield* begin(runs)
    return yield* Effect.ensuring(body(nth(runs, run)), end(run))
  })

const begin = (runs: Array<Run>) =>
  Effect.gen(function* () {
    const run: Run = { fence: yield* ProcessContext, startedAt: yield* Clock.currentTimeMillis, endedAt: undefined }
    runs.push(run)
    return run
  })

const end = (run: Run) => Effect.map(Clock.currentTimeMillis, (now) => void (run.endedAt = now))

const nth = (runs: ReadonlyArray<Run>, run: Run): number =>
  runs.filter((_) => _.fence.index === run.fence.index).indexOf(run) + 1

/** A process that runs until it is stopped, and then takes its time. */
export const lasting = (runs: Array<Run>, finalizer: Effect.Effect<void> = Effect.void) =>
  recorded(runs, () => Effect.onInterrupt(Effect.never, () => finalizer))

/** Gives a test a finalizer that does not end before the test does, or lets it go. */
export const withHanging = <A, E, R>(
  test: (hanging: Effect.Effect<void>, letGo: Effect.Effect<unknown>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const letGo = Deferred.succeed(gate, undefined)
    return yield* Effect.ensuring(test(Deferred.await(gate), letGo), letGo)
  })

/** The runs that have not ended. */
export const alive = (runs: ReadonlyArray<Run>): ReadonlyArray<Run> => runs.filter((_) => _.endedAt === undefined)

/** How long the pauses between the runs of one process were. */
export const pauses = (runs: ReadonlyArray<Run>): ReadonlyArray<number> =>
  runs.slice(1).map((run, index) => run.startedAt - (runs[index]?.endedAt ?? Number.NaN))

/** The settings of a backoff, and the pauses to expect of them. */
export interface Restarts {
  readonly backoff: { readonly min?: Duration.DurationInput; readonly max?: Duration.DurationInput }
  readonly pauses: readonly [number, number, number, number]
}

/** Restarts as they are by default; on the live clock such that take less time. */
export const restarts: Effect.Effect<Restarts> = byClock<Restarts>({
  test: { backoff: {}, pauses: [3000, 6000, 10_000, 10_000] },
  live: { backoff: { min: "500 millis", max: "1500 millis" }, pauses: [500, 1000, 1500, 1500] }
})

/**
 * Expects that something took so long, in milliseconds. The live clock tells nothing of that: a machine that stands still
 * makes anything take any time.
 */
export const expectBetween = (took: number | undefined, least: number, most: number): Effect.Effect<void> =>
  Effect.map(byClock({ test: true, live: false }), (tells) => {
    if (!tells) return
    expect(took).toBeGreaterThanOrEqual(least)
    expect(took).toBeLessThanOrEqual(most)
  })

/** The same for a pause that the default jitter spreads. */
export const expectAbout = (pause: number | undefined, expected: number): Effect.Effect<void> =>
  expectBetween(pause, expected * 0.8, expected * 1.2)

/** A machine may stand still for so long, and the processes of a test are not taken from their node. */
const patient = byClock<Settings>({ test: {}, live: { silence: "30 seconds" } })

/** Starts a deployment, such that its processes stay where they are on a slow machine, too. */
export const start = <P extends Process.Process<unknown, unknown>>(
  name: string,
  processes: ReadonlyArray<P>,
  settings: Settings = {}
) => Effect.flatMap(patient, (ours) => Processing.start(name, processes, { ...ours, ...settings }))

/** Registers a test on a new host. */
export type ProcessingTest = <E>(
  name: string,
  body: Effect.Effect<void, E, DistributedProcessing | ProcessLease | Scope.Scope>
) => void
