/**
 * The processes that run on this node, whichever host put them here: claim, start, watch, start again, beat, stop.
 *
 * A process is hosted in one generation until it is stopped, a newer generation is wanted, or it turns out obsolete.
 * Every start claims a new epoch. One fiber beats for all processes of the node, through their backoff and their
 * finalizers too; without a successful beat for the length of a silence they stop themselves. What does not stop is
 * remembered until it is fenced.
 */
import { Cause, type Context, Deferred, Duration, Effect, Exit, Option, Schedule, type Scope } from "effect"
import type { Beat, Claimant, ProcessId } from "../Lease.js"
import type { Process } from "../Process.js"
import type { Fence, ProcessContext } from "../ProcessContext.js"
import type { ProcessLease } from "../ProcessLease.js"
import * as AbandonedRuns from "./abandonedRuns.js"
import * as Backoff from "./backoff.js"
import { beatInterval, type Settings, silence } from "./deploymentSettings.js"
import { elapsed } from "./elapsed.js"
import { run } from "./processRun.js"
import { within } from "./within.js"

/** Why a run is ended from outside. `Fenced` and `Lost` stop at once and begin anew, the others end the hosting. */
type Ending = "Stopped" | "Superseded" | "Fenced" | "Lost"

interface Hosted {
  readonly process: Claimant
  readonly silence: Duration.Duration
  readonly done: Deferred.Deferred<void>
  /** How the present run, or the wait after it, is ended from outside. */
  over: Deferred.Deferred<Ending>
  /** Whether the hosting is to end, whatever run the wish has met. */
  unwanted: boolean
  /** The epoch that is held, and beaten for. */
  fence: Fence | undefined
  state: Beat["state"]
  starts: number
  lastError: Option.Option<string>
  beatenAt: number
}

export interface Node {
  readonly runner: string
  /** Runs a process in a generation; returns when it has stopped for good. Interrupting it stops the process. */
  readonly host: (
    process: Claimant,
    recipe: Process<unknown, ProcessContext>,
    settings: Settings
  ) => Effect.Effect<void>
  /**
   * Stops what this node hosts of a process, up to a generation, and waits for its finalizers. What has not stopped in
   * time is fenced, now or before; it fails where that does not succeed.
   */
  readonly stop: (process: ProcessId) => Effect.Effect<void, AbandonedRuns.Unfenced>
  /** Whether a process waits here, in this generation, to be claimed for the first time. What runs tells so by its beats. */
  readonly holds: (process: ProcessId) => Effect.Effect<boolean>
  /** Stops whatever this node hosts of a deployment. */
  readonly stopAll: (deployment: string) => Effect.Effect<void>
}

/** How soon a claim is tried again that found the process busy, or the lease unreachable. */
const claimRetry = Duration.millis(250)

/** Processes that claim at once. With hundreds at a time, beats would stand in line behind them, and all would be late. */
const claims = 2

/** How much of an error is kept for the status. */
const errorLength = 500

const describe = (exit: Exit.Exit<unknown, unknown>): Option.Option<string> =>
  Exit.isSuccess(exit) ? Option.none() : Option.some(Cause.pretty(exit.cause).slice(0, errorLength))

export const make = (
  runner: string,
  lease: Context.Tag.Service<ProcessLease>
): Effect.Effect<Node, never, Scope.Scope> =>
  Effect.gen(function* () {
    const all = new Set<Hosted>()
    const abandoned = AbandonedRuns.make(lease)
    const claiming = Effect.unsafeMakeSemaphore(claims)

    const end = (hosted: Hosted, ending: Ending) =>
      Effect.suspend(() => {
        if (ending === "Stopped" || ending === "Superseded") hosted.unwanted = true
        return Deferred.succeed(hosted.over, ending)
      })

    const beatOnce = Effect.gen(function* () {
      const owned: Array<[Hosted, Beat]> = []
      for (const hosted of all) {
        if (hosted.fence === undefined) continue
        const { fence, lastError, starts, state } = hosted
        owned.push([hosted, { fence, generation: hosted.process.generation, state, starts, lastError }])
      }
      if (owned.length === 0) return
      // what counts is when it was sent: a slow answer tells of that moment, not of its own
      const sentAt = yield* elapsed
      const answers = yield* lease.beat(owned.map(([_, beat]) => beat))
      for (const [index, [hosted, beat]] of owned.entries()) {
        // a newer run of the same hosting is not concerned by what was answered to the one before
        if (hosted.fence !== beat.fence) continue
        const answer = answers[index] ?? "Fenced"
        if (answer !== "Fenced") hosted.beatenAt = sentAt
        if (answer !== "Held") yield* end(hosted, answer)
      }
    })
    yield* beatOnce.pipe(
      Effect.timeout(silence),
      Effect.catchAll((error) => Effect.logWarning(`the beats of ${runner} failed`, error)),
      Effect.repeat(Schedule.spaced(beatInterval)),
      Effect.withTracerEnabled(false),
      Effect.forkScoped
    )
    const watch = Effect.gen(function* () {
      const now = yield* elapsed
      for (const hosted of all) {
        const isLost = hosted.fence !== undefined && now - hosted.beatenAt > Duration.toMillis(hosted.silence)
        if (isLost) yield* end(hosted, "Lost")
      }
    })
    yield* watch.pipe(Effect.repeat(Schedule.spaced(claimRetry)), Effect.withTracerEnabled(false), Effect.forkScoped)

    const begin = Effect.fnUntraced(function* (hosted: Hosted) {
      const claim = yield* claiming.withPermits(1)(
        Effect.timeout(lease.claim(hosted.process, runner, hosted.silence), silence)
      )
      if (claim._tag !== "Claimed") return claim._tag
      yield* abandoned.forgetAll(hosted.process)
      hosted.fence = claim.fence
      hosted.beatenAt = yield* elapsed
      hosted.starts += 1
      hosted.state = "Running"
      return claim.fence
    })

    /** Leaves the process to others. A run that was abandoned may still write: a new epoch ends that. */
    const giveUp = ({ fence, process }: Hosted): Effect.Effect<void> => {
      if (abandoned.has(process)) return Effect.ignore(abandoned.fence(process))
      if (fence === undefined) return Effect.void
      return within(lease.release(fence), silence).pipe(
        Effect.catchAll((error) => Effect.logWarning("a process could not be given up; its silence will tell", error))
      )
    }

    const loseEpoch = (hosted: Hosted) =>
      Effect.map(Deferred.make<Ending>(), (over) => {
        hosted.fence = undefined
        hosted.over = over
      })

    const supervise = (
      hosted: Hosted,
      recipe: Process<unknown, ProcessContext>,
      settings: Settings
    ): Effect.Effect<void> =>
      Effect.gen(function* () {
        const waits = Backoff.waits(settings.backoff)
        while (!hosted.unwanted) {
          const fence = yield* Effect.catchAll(begin(hosted), (error) =>
            Effect.as(Effect.logWarning("a claim failed", error), "Busy" as const)
          )
          if (fence === "Obsolete") return
          if (fence === "Busy") {
            const ending = yield* Effect.timeoutOption(Deferred.await(hosted.over), claimRetry)
            if (Option.isNone(ending) || hosted.unwanted) continue
            // the epoch of the run before is gone meanwhile: nothing to beat for, and nothing that ends the waiting
            yield* loseEpoch(hosted)
            yield* Effect.sleep(claimRetry)
            continue
          }
          const startedAt = yield* elapsed
          let ended = yield* run({
            fence,
            recipe,
            settings,
            over: Deferred.await(hosted.over),
            onStopping: () => void (hosted.state = "Stopping"),
            abandoned
          })
          if (typeof ended !== "string") {
            const ranFor = Duration.millis((yield* elapsed) - startedAt)
            hosted.lastError = Option.orElse(describe(ended), () => hosted.lastError)
            hosted.state = "Backoff"
            const wait = yield* waits(ended, ranFor)
            yield* Effect.logWarning(
              `process ${fence.index} of ${fence.deployment} ${Exit.isSuccess(ended) ? "completed" : "failed"}; ` +
                `it starts again in ${Duration.format(wait)}`,
              Exit.isFailure(ended) ? ended.cause : ""
            )
            const interrupted = yield* Effect.timeoutOption(Deferred.await(hosted.over), wait)
            if (Option.isNone(interrupted)) continue
            ended = interrupted.value
          }
          if (hosted.unwanted) return
          yield* Effect.logWarning(`process ${fence.index} of ${fence.deployment} lost epoch ${fence.epoch}: ${ended}`)
          yield* loseEpoch(hosted)
        }
      })

    const sameProcess = (process: ProcessId) => (hosted: Hosted) =>
      hosted.process.deployment === process.deployment && hosted.process.index === process.index

    const stopWhere = (matches: (hosted: Hosted) => boolean) =>
      Effect.forEach(
        [...all].filter(matches),
        (hosted) => Effect.zipRight(end(hosted, "Stopped"), Deferred.await(hosted.done)),
        { concurrency: "unbounded", discard: true }
      )
    const stopUpTo = (process: ProcessId) =>
      stopWhere((_) => sameProcess(process)(_) && _.process.generation <= process.generation)
    const stop = (process: ProcessId) => Effect.zipRight(stopUpTo(process), abandoned.fence(process))
    const stopAll = (deployment: string) => stopWhere((_) => _.process.deployment === deployment)

    const host: Node["host"] = (process, recipe, settings) =>
      Effect.gen(function* () {
        if ([...all].some((_) => sameProcess(process)(_) && _.process.generation >= process.generation)) return
        yield* stopUpTo(process)
        const hosted: Hosted = {
          process,
          silence: settings.silence,
          done: yield* Deferred.make<void>(),
          over: yield* Deferred.make<Ending>(),
          unwanted: false,
          fence: undefined,
          state: "Running",
          starts: 0,
          lastError: Option.none(),
          beatenAt: 0
        }
        all.add(hosted)
        const forget = Effect.zipRight(
          Effect.sync(() => all.delete(hosted)),
          Deferred.succeed(hosted.done, undefined)
        )
        yield* supervise(hosted, recipe, settings).pipe(
          Effect.ensuring(
            Effect.ensuring(
              Effect.suspend(() => giveUp(hosted)),
              forget
            )
          )
        )
      })

    const holds: Node["holds"] = (process) =>
      Effect.sync(() =>
        [...all].some(
          (_) => sameProcess(process)(_) && _.process.generation === process.generation && _.starts === 0 && !_.unwanted
        )
      )

    return { runner, host, stop, holds, stopAll }
  })
