/**
 * Giving a journal that is in use another number of partitions, and its projections as many processes.
 *
 * It is a drain. The journal places what comes from now on in the new partitions; the processes of the old ones go on up
 * to where those end, and are stopped and fenced; those of the new ones begin there. So no event is passed over and none
 * is handled twice, and the events of a key are handled in their order, throughout.
 *
 * Commands are never held up. A projection stands still between the end of its old processes and the start of the new:
 * as long as those take to stop, and these to be placed.
 *
 * @since 0.1.0
 */
import { ConsumerId, Deployment, type Journal, Lease, type ProcessContext, ProcessLease, Tagging } from "@aecor/core"
import type { JournalError, Offset, OffsetStore } from "@aecor/core"
import { Data, Duration, Effect, Option, Schedule } from "effect"
import type { Offsets } from "./Projection.js"
import type * as ViewStore from "./ViewStore.js"

/**
 * What of a projection this needs: `Projection` has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Repartitioned<out S> {
  readonly name: string
  readonly offsets: Offsets<S>
}

/**
 * Where projections keep their offsets: all of them together.
 *
 * @since 0.1.0
 * @category models
 */
export type Stores<P> = P extends Repartitioned<infer S> ? S : never

/** Each needs its own store, so they need all of them: the compiler does not see it of a type parameter. */
const widened = <P extends Repartitioned<unknown>>(projections: ReadonlyArray<P>) =>
  projections as ReadonlyArray<Repartitioned<unknown>> as ReadonlyArray<Repartitioned<Stores<P>>>

/**
 * - `fingerprint` (`""`): that of the deployments that host the new processes.
 * - `from`: how many partitions the journal had, where it does not know: older versions wrote all of it.
 * - `timeout` (1 hour): how long the old processes may take for what is left to them.
 * - `patience` (10 s): how long they may take to stop.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly fingerprint?: string
  readonly from?: number
  readonly timeout?: Duration.DurationInput
  readonly patience?: Duration.DurationInput
}

/**
 * What came of it: how many partitions the journal has, since which position, and of each projection whether it was
 * `Moved`, was `There` already, or is `NotDeployed`: then its first start begins with the journal's first event.
 * `running` says whether any of its processes is wished to run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly partitions: number
  readonly since: Offset.Offset
  readonly projections: ReadonlyArray<{
    readonly name: string
    readonly outcome: "Moved" | "There" | "NotDeployed"
    readonly running: boolean
  }>
}

/**
 * The processes of the old partitions did not come to their ends in time: they are slow, or do not run. They go on; call
 * it again when they have caught up.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotDrained extends Data.TaggedError("NotDrained")<{
  readonly projection: string
  readonly behind: ReadonlyArray<{
    readonly partition: number
    readonly offset: Offset.Offset
    readonly end: Offset.Offset
  }>
}> {
  override get message(): string {
    const { behind, projection } = this
    const which = behind.map(({ end, offset, partition }) => `${partition} (at ${offset} of ${end})`).join(", ")
    return `projection ${projection} has not come to the end of its old partitions ${which}`
  }
}

/**
 * Why it could not be done, or not to the end. What was done stays; another call goes on from there.
 *
 * @since 0.1.0
 * @category errors
 */
export type RepartitionError =
  | NotDrained
  | Lease.DeploymentMismatch
  | Lease.ProcessLeaseError
  | Deployment.UnknownDeployment
  | ProcessContext.Fenced
  | JournalError.JournalError
  | OffsetStore.OffsetConflict
  | OffsetStore.OffsetStoreError
  | ViewStore.CommitConflict
  | ViewStore.ViewStoreError

/**
 * Gives a journal the partitions of its class, and each of the projections, which are deployed under their own names, as
 * many processes. Give it all projections of the journal; one that is left out goes on to the end of its old partitions,
 * waits there, and is moved by another call.
 *
 * It may run anywhere, on a node of the new code or beside it, and be run again after whatever has happened: each step
 * is done that is not done yet. Fails with `DeploymentMismatch`, before anything is done, where a projection has neither
 * as many processes as the journal has partitions nor as many as it is to have: an earlier repartition is not finished.
 *
 * @example
 * ```ts
 * yield* Repartition.run(BookingJournal, [bookingsView, confirmation])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const run: <JS, E, P extends Repartitioned<unknown>>(
  journal: Journal.Any<JS, E>,
  projections: ReadonlyArray<P>,
  options?: Options
) => Effect.Effect<Report, RepartitionError, JS | Stores<P> | ProcessLease.ProcessLease> = Effect.fn("Repartition.run")(
  function* <JS, E, P extends Repartitioned<unknown>>(
    journal: Journal.Any<JS, E>,
    given: ReadonlyArray<P>,
    options: Options = {}
  ) {
    const { name, tags } = journal.tagging
    const service = yield* journal
    const projections = widened(given)

    yield* checked(projections, yield* service.partitioning, tags.length)
    const raised = yield* service.repartition(options.from)
    yield* checked(projections, raised, tags.length)
    const move = moving({ raised, name, tags, options })
    const moved = yield* Effect.forEach(projections, move, { concurrency: "unbounded" })
    return { partitions: raised.partitions, since: raised.since, projections: moved }
  }
)

/** Whether each projection has one of the numbers of processes from which it can come to the new one. */
const checked = Effect.fnUntraced(function* (
  projections: ReadonlyArray<{ readonly name: string }>,
  { before, partitions }: Journal.Partitioning,
  wanted: number
) {
  const lease = yield* ProcessLease.ProcessLease
  // a journal that never had others has nothing to be drained
  if (partitions === 0 || (partitions === wanted && before.length === 0)) return
  const allowed = partitions === wanted ? [before.length, wanted] : [partitions]
  for (const { name: deployment } of projections) {
    const shape = yield* lease.shape(deployment)
    if (Option.isNone(shape) || allowed.includes(shape.value.processes)) continue
    return yield* new Lease.DeploymentMismatch({
      deployment,
      processes: allowed[0] ?? wanted,
      registered: shape.value.processes
    })
  }
})

const defaultTimeout = Duration.hours(1)

const moving = ({
  name: tagging,
  options,
  raised,
  tags
}: {
  readonly raised: Journal.Partitioning
  readonly name: string
  readonly tags: ReadonlyArray<Tagging.EventTag>
  readonly options: Options
}) =>
  Effect.fnUntraced(function* <S>({ name, offsets }: Repartitioned<S>) {
    const lease = yield* ProcessLease.ProcessLease
    const shape = yield* lease.shape(name)
    if (Option.isNone(shape)) return { name, outcome: "NotDeployed" as const, running: false }
    const isMoved = shape.value.processes === tags.length

    const behind = Effect.map(
      Effect.forEach(raised.before, (end, partition) =>
        Effect.map(offsets.get(ConsumerId.make(name, Tagging.tag(tagging, partition))), (offset) => ({
          partition,
          offset,
          end
        }))
      ),
      (all) => all.filter(({ end, offset }) => offset < end)
    )
    const drained = Effect.flatMap(behind, (found) =>
      found.length === 0 ? Effect.void : new NotDrained({ projection: name, behind: found })
    )
    const untilDrained = Effect.retry(drained, {
      while: (error) => error._tag === "NotDrained",
      schedule: Schedule.spaced("200 millis").pipe(Schedule.upTo(options.timeout ?? defaultTimeout))
    })

    const begin = Effect.fnUntraced(function* (fence: ProcessContext.Fence) {
      yield* drained
      for (const tag of tags) {
        const consumer = ConsumerId.make(name, tag)
        const expected = yield* offsets.get(consumer)
        if (expected < raised.since) yield* offsets.move({ consumer, fence, expected, offset: raised.since })
      }
    })

    if (!isMoved) yield* untilDrained
    const { fingerprint = "", patience = "10 seconds" } = options
    const { running } = yield* Deployment.reshape(name, {
      processes: tags.length,
      fingerprint,
      patience,
      ...(isMoved ? {} : { whileStopped: begin })
    })
    return { name, outcome: isMoved ? ("There" as const) : ("Moved" as const), running }
  })
