/**
 * The processes that run on this node, whichever host put them here: claim, start, watch, start again, beat, stop.
 *
 * A process is hosted in one generation until it is stopped, a newer generation is wanted, or it turns out obsolete.
 * Every start claims a new epoch. One fiber beats for all processes of the node, through their backoff and their
 * finalizers too; without a successful beat for the length of a silence they stop themselves.
 */
import { Cause, Clock, Context, Deferred, Duration, Effect, Exit, Fiber, Option, Random, Schedule, Scope } from "effect"
import type { Beat, ProcessId } from "../Lease.js"
import type { Process } from "../Process.js"
import { type Fence, ProcessContext } from "../ProcessContext.js"
import type { ProcessLease } from "../ProcessLease.js"
import * as Backoff from "./backoff.js"
import { beatInterval, type Settings, silence } from "./deploymentSettings.js"

/** Why a run is ended from outside. `Fenced` and `Lost` stop at once and begin anew, the others end the hosting. */
type Ending = "Stopped" | "Superseded" | "Fenced" | "Lost"

interface Hosted {
  readonly process: ProcessId
  readonly done: Deferred.Deferred<void>
  over: Deferred.Deferred<Ending>
  fence: Fence | undefined
  state: Beat["state"]
  starts: number
  lastError: Option.Option<string>
  beatenAt: number
  /** Whether a run under the present fence did not stop in time and may still be at work. */
  abandoned: boolean
}

export interface Node {
  readonly runner: string
  /** Runs a process in a generation; returns when it has stopped for good. Interrupting it stops the process. */
  readonly host: (
    process: ProcessId,
    recipe: Process<unknown, ProcessContext>,
    settings: Settings
  ) => Effect.Effect<void>
  /** Stops what this node hosts of a process, up to a generation, and waits for its finalizers. */
  readonly stop: (process: ProcessId) => Effect.Effect<void>
  /** Stops whatever this node hosts of a deployment. */
  readonly stopAll: (deployment: string) => Effect.Effect<void>
}

/** How soon a claim is tried again that found the process busy, or the lease unreachable. */
const claimRetry = Duration.millis(250)

/** How much of an error is kept for the status. */
const errorLength = 500

const describe = (exit: Exit.Exit<unknown, unknown>): Option.Option<string> =>
  Exit.isSuccess(exit) ? Option.none() : Option.some(Cause.pretty(exit.cause).slice(0, errorLength))

/**
 * Waits for an effect, but only for so long; what has not ended then is left behind and answered with none. In a fiber
 * of its own, because a timeout within a finalizer cannot be interrupted and would wait for the effect nevertheless.
 */
const within = <A, E>(effect: Effect.Effect<A, E>, limit: Duration.Duration): Effect.Effect<Option.Option<A>, E> =>
  Effect.disconnect(effect).pipe(
    Effect.timeoutOption(limit),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.join)
  )

export const make = (
  runner: string,
  lease: Context.Tag.Service<ProcessLease>
): Effect.Effect<Node, never, Scope.Scope> =>
  Effect.gen(function* () {
    const all = new Set<Hosted>()

    const end = (hosted: Hosted, ending: Ending) => Deferred.succeed(hosted.over, ending)

    const beatOnce = Effect.gen(function* () {
      const owned: Array<[Hosted, Beat]> = []
      for (const hosted of all) {
        if (hosted.fence === undefined) continue
        const { fence, lastError, starts, state } = hosted
        owned.push([hosted, { fence, generation: hosted.process.generation, state, starts, lastError }])
      }
      if (owned.length === 0) return
      // what counts is when it was sent: a slow answer tells of that moment, not of its own
      const sentAt = yield* Clock.currentTimeMillis
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
      const now = yield* Clock.currentTimeMillis
      for (const hosted of all) {
        if (hosted.fence !== undefined && now - hosted.beatenAt > Duration.toMillis(silence)) yield* end(hosted, "Lost")
      }
    })
    yield* watch.pipe(Effect.repeat(Schedule.spaced(claimRetry)), Effect.withTracerEnabled(false), Effect.forkScoped)

    /** Stops a run and waits for its finalizers, for so long; what is left then is abandoned, to be fenced. */
    const stopRun = (hosted: Hosted, stop: Effect.Effect<void>, settings: Settings): Effect.Effect<void> =>
      Effect.gen(function* () {
        hosted.state = "Stopping"
        if (Option.isSome(yield* within(stop, settings.shutdownTimeout))) return
        hosted.abandoned = true
        const { deployment, index } = hosted.process
        const limit = Duration.format(settings.shutdownTimeout)
        yield* Effect.logError(
          `process ${index} of ${deployment} did not stop within ${limit}: abandoned, to be fenced`
        )
      })

    /** One run, from a claimed epoch to its end: its own exit, or what ended it from outside. */
    const run = (
      hosted: Hosted,
      fence: Fence,
      recipe: Process<unknown, ProcessContext>,
      settings: Settings
    ): Effect.Effect<Exit.Exit<unknown, unknown> | Ending> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          let shutdown: Effect.Effect<void> = Effect.void
          // apart from this fiber, so that a start that hangs can be left behind
          const alive = yield* recipe.pipe(
            Effect.tap((running) => Effect.sync(() => void (shutdown = running.shutdown))),
            Effect.flatMap((running) => running.watchTermination),
            Effect.provide(Context.make(ProcessContext, fence).pipe(Context.add(Scope.Scope, scope))),
            Effect.exit,
            Effect.map(Exit.flatten),
            Effect.interruptible,
            Effect.forkDaemon
          )
          const ended = Effect.map(Fiber.await(alive), Exit.flatten)
          const stop = Fiber.interrupt(alive).pipe(
            Effect.zipRight(Effect.suspend(() => shutdown)),
            Effect.zipRight(Scope.close(scope, Exit.void))
          )
          return yield* restore(Effect.raceFirst(ended, Deferred.await(hosted.over))).pipe(
            Effect.ensuring(stopRun(hosted, stop, settings))
          )
        })
      )

    const begin = Effect.fnUntraced(function* (hosted: Hosted) {
      const claim = yield* Effect.timeout(lease.claim(hosted.process, runner, silence), silence)
      if (claim._tag !== "Claimed") return claim._tag
      hosted.fence = claim.fence
      hosted.beatenAt = yield* Clock.currentTimeMillis
      hosted.starts += 1
      hosted.state = "Running"
      hosted.abandoned = false
      return claim.fence
    })

    /** Leaves the process to others. A run that was abandoned may still write: a new epoch ends that. */
    const giveUp = ({ abandoned, fence }: Hosted): Effect.Effect<void> => {
      if (fence === undefined) return Effect.void
      const given = abandoned
        ? Effect.zipRight(lease.check(fence), lease.revoke(fence.deployment, fence.index))
        : lease.release(fence)
      return within(given, silence).pipe(
        Effect.flatMap((_) => (Option.isNone(_) ? Effect.fail(new Cause.TimeoutException()) : Effect.void)),
        Effect.catchTag("Fenced", () => Effect.void),
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
        let ends = 0
        while (true) {
          const fence = yield* Effect.catchAll(begin(hosted), (error) =>
            Effect.as(Effect.logWarning("a claim failed", error), "Busy" as const)
          )
          if (fence === "Obsolete") return
          if (fence === "Busy") {
            const ending = yield* Effect.timeoutOption(Deferred.await(hosted.over), claimRetry)
            if (Option.isNone(ending)) continue
            if (ending.value === "Stopped" || ending.value === "Superseded") return
            // the epoch of the run before is gone meanwhile: nothing to beat for, and nothing that ends the waiting
            yield* loseEpoch(hosted)
            yield* Effect.sleep(claimRetry)
            continue
          }
          const startedAt = yield* Clock.currentTimeMillis
          let ended = yield* run(hosted, fence, recipe, settings)
          if (typeof ended !== "string") {
            const ranFor = Duration.millis((yield* Clock.currentTimeMillis) - startedAt)
            ends = Backoff.countEnds(settings.backoff, ends, ranFor)
            hosted.lastError = Option.orElse(describe(ended), () => hosted.lastError)
            hosted.state = "Backoff"
            const wait = Backoff.delay(settings.backoff, ends, yield* Random.next)
            yield* Effect.logWarning(
              `process ${fence.index} of ${fence.deployment} ${Exit.isSuccess(ended) ? "completed" : "failed"}; ` +
                `it starts again in ${Duration.format(wait)}`,
              Exit.isFailure(ended) ? ended.cause : ""
            )
            const interrupted = yield* Effect.timeoutOption(Deferred.await(hosted.over), wait)
            if (Option.isNone(interrupted)) continue
            ended = interrupted.value
          }
          if (ended === "Stopped" || ended === "Superseded") return
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
    const stop = (process: ProcessId) =>
      stopWhere((_) => sameProcess(process)(_) && _.process.generation <= process.generation)
    const stopAll = (deployment: string) => stopWhere((_) => _.process.deployment === deployment)

    const host: Node["host"] = (process, recipe, settings) =>
      Effect.gen(function* () {
        if ([...all].some((_) => sameProcess(process)(_) && _.process.generation >= process.generation)) return
        yield* stop(process)
        const hosted: Hosted = {
          process,
          done: yield* Deferred.make<void>(),
          over: yield* Deferred.make<Ending>(),
          fence: undefined,
          state: "Running",
          starts: 0,
          lastError: Option.none(),
          beatenAt: 0,
          abandoned: false
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

    return { runner, host, stop, stopAll }
  })
