/**
 * Wishes about a deployment and its processes: each is stored in the lease, and done when the lease shows it, whoever does
 * it. So they may come from any node. A message only makes a stop sooner: the next beat would do it as well.
 */
import { type Context, Duration, Effect, Option, Schedule } from "effect"
import { type KillSwitch, NotDone, type ProcessSwitch, UnknownProcess, UnknownRunner } from "../KillSwitch.js"
import type { ProcessId, ProcessLeaseError, ProcessRow } from "../Lease.js"
import type { ProcessLease } from "../ProcessLease.js"
import type { ProcessStatus } from "../ProcessStatus.js"
import { silence } from "./deploymentSettings.js"
import * as Status from "./processStatus.js"

/** How often the lease is looked at while something is waited for. */
const interval = Duration.millis(250)

/** How long the start of processes is waited for: more than a takeover and the finalizers of most. */
const patience = Duration.minutes(1)

export interface Options {
  readonly lease: Context.Tag.Service<ProcessLease>
  /** Answers when the process has stopped on that runner. It may take for ever. */
  readonly stop: (process: ProcessId, runner: string) => Effect.Effect<void, unknown>
  /** The live runners that a deployment may run on. */
  readonly runners: (name: string) => Effect.Effect<ReadonlyArray<string>, ProcessLeaseError>
}

export const make = ({ lease, runners, stop }: Options, name: string): KillSwitch => {
  const list = Effect.map(lease.list(name), (rows) => rows.map(Status.of))

  /** The processes that a wish is about. */
  const known = (
    index: number | undefined
  ): Effect.Effect<ReadonlyArray<ProcessStatus>, ProcessLeaseError | UnknownProcess> =>
    Effect.flatMap(list, (all) => {
      const found = all.filter((status) => index === undefined || status.index === index)
      return found.length > 0
        ? Effect.succeed(found)
        : new UnknownProcess({ deployment: name, index, processes: all.length })
    })

  /** Looks at the processes until that finds nothing to wait for any more. */
  const until = <E>(isOver: (all: ReadonlyArray<ProcessStatus>) => Effect.Effect<boolean, E>) =>
    list.pipe(
      Effect.retry(Schedule.upTo(Schedule.spaced(interval), silence)),
      Effect.flatMap(isOver),
      Effect.repeat({ until: (over) => over, schedule: Schedule.spaced(interval) }),
      Effect.withTracerEnabled(false)
    )

  const stopped = (rows: ReadonlyArray<ProcessRow>) => {
    // whoever claims from now on is refused, so it is the present owners that have to stop
    const owned = rows.flatMap((row) => Option.toArray(Option.map(row.runner, (runner) => ({ row, runner }))))
    const waiting = new Map(owned.map(({ row }) => [row.index, row]))
    const asking = Effect.forEach(
      owned,
      ({ row, runner }) =>
        Effect.matchCause(stop(row, runner), { onFailure: () => false, onSuccess: () => waiting.delete(row.index) }),
      { concurrency: "unbounded", discard: true }
    ).pipe(Effect.zipRight(Effect.suspend(() => (waiting.size === 0 ? Effect.void : Effect.never))))
    const looking = until((all) =>
      Effect.gen(function* () {
        for (const { epoch, index } of waiting.values()) {
          const now = all.find((_) => _.index === index)
          const owns = now !== undefined && now.epoch === epoch && Option.isSome(now.runner)
          // nobody can tell whether it has stopped, so it must not write any more
          if (owns && now.actual === "Silent") yield* lease.revoke(name, index)
          if (!owns || now.actual === "Silent") waiting.delete(index)
        }
        return waiting.size === 0
      })
    )
    return waiting.size === 0
      ? Effect.void
      : Effect.raceFirst(Effect.disconnect(asking), Effect.delay(looking, interval))
  }

  /** What a run that has stopped sent before may still be under way, on a connection that is lost: it is too late now. */
  const nothingUnderWay = (rows: ReadonlyArray<ProcessRow>) =>
    Effect.gen(function* () {
      const epochs = new Map(rows.flatMap(({ epoch, index }) => (epoch > 0 ? [[index, epoch] as const] : [])))
      if (epochs.size === 0) return
      const now = yield* lease.list(name)
      const same = now.filter((row) => !row.desired && row.epoch === epochs.get(row.index))
      yield* Effect.forEach(same, ({ index }) => lease.revoke(name, index), { concurrency: "unbounded", discard: true })
    })

  const shutdown = (index?: number) =>
    Effect.gen(function* () {
      const rows = yield* lease.stop(name, index)
      if (rows.length === 0) return yield* Effect.asVoid(known(index))
      yield* stopped(rows)
      yield* nothingUnderWay(rows)
    })

  /** Waits until processes are as wished, also until a suspension is over. Who wishes them stopped meanwhile ends that. */
  const running = (
    wish: NotDone["wish"],
    wished: ReadonlyArray<{ readonly index: number }>,
    isDone: (status: ProcessStatus) => boolean
  ) =>
    Effect.suspend(() => {
      let pending: ReadonlyArray<ProcessStatus> = []
      const notDone = () => new NotDone({ deployment: name, wish, pending })
      return until((all) => {
        pending = all.filter((status) => wished.some((_) => _.index === status.index) && !isDone(status))
        return pending.some((_) => !_.desired && !_.suspended) ? notDone() : Effect.succeed(pending.length === 0)
      }).pipe(Effect.timeoutFail({ duration: patience, onTimeout: notDone }), Effect.asVoid)
    })

  /** Whether a process is run, in a newer epoch than before if it was to be renewed. */
  const isAnew = (renewed: ReadonlyArray<ProcessRow>) => {
    const before = new Map(renewed.map(({ epoch, index }) => [index, epoch]))
    return (status: ProcessStatus) => Status.isRun(status) && status.epoch > (before.get(status.index) ?? -1)
  }

  const resume = (index?: number) =>
    Effect.gen(function* () {
      const renewed = yield* lease.resume(name, index)
      yield* running("resume", yield* known(index), isAnew(renewed))
    })

  const restart = (index: number) =>
    Effect.gen(function* () {
      const renewed = yield* lease.restart(name, index)
      yield* running("restart", yield* known(index), isAnew(Option.toArray(renewed)))
    })

  const moveTo = (index: number) => (runner: string) =>
    Effect.gen(function* () {
      const wished = yield* known(index)
      const hosts = yield* runners(name)
      if (!hosts.includes(runner)) return yield* new UnknownRunner({ deployment: name, runner, runners: hosts })
      yield* lease.pin(name, index, Option.some(runner))
      if (wished.some((_) => !_.desired)) return
      yield* running("move", wished, (status) => Status.isRun(status) && Option.contains(status.runner, runner))
    })

  const process = (index: number): ProcessSwitch => ({
    stop: shutdown(index),
    resume: resume(index),
    restart: restart(index),
    moveTo: moveTo(index),
    free: Effect.zipRight(known(index), lease.pin(name, index, Option.none()))
  })

  return { shutdown: shutdown(), resume: resume(), process }
}
