/** What a test of the timers suite works with, apart from all other tests on the same storage. */
import {
  DistributedProcessing,
  type EntityEvent,
  Journal,
  type JournalError,
  type Lease,
  type OffsetStore,
  ProcessContext,
  ProcessLease,
  type RunningProcess,
  Tagging
} from "@aecor/core"
import { Array, Chunk, DateTime, Duration, Effect, Option, Schedule, type Scope, Stream } from "effect"
import * as Timers from "../../Timers.js"

/**
 * The journal of what the suite's timers become, with 2 tags.
 *
 * @since 0.1.0
 * @category services
 */
export class FiredJournal extends Journal.Tag<FiredJournal>()("FiredJournal", {
  event: Timers.Fired,
  tagging: Tagging.partitioned("Fired", 2)
}) {}

/** What the suite needs. */
export type Services =
  | FiredJournal
  | Timers.Timers
  | OffsetStore.OffsetStore
  | ProcessLease.ProcessLease
  | DistributedProcessing.DistributedProcessing

/** The services that a run uses instead of the real ones, and how much it takes at once. */
interface Run {
  readonly timers?: Timers.Operations
  readonly journal?: Journal.Journal<Timers.Fired>
  readonly processes?: number
  readonly pageSize?: number
}

type FiredEvents = ReadonlyArray<EntityEvent.EntityEvent<Timers.Fired>>

interface Scene {
  /** Unique: the name of the test's timers and of their deployment. */
  readonly name: string
  readonly timers: Timers.Operations
  readonly journal: Journal.Journal<Timers.Fired>
  /** All slots. */
  readonly share: Timers.Share
  readonly schedule: (
    id: string,
    due: DateTime.Utc,
    rest?: Pick<Timers.Timer, "payload" | "metadata">
  ) => Effect.Effect<Timers.Scheduled, Timers.TimersError>
  /** The events of the test's timers, in the order of the journal. */
  readonly events: Effect.Effect<FiredEvents, JournalError.JournalError>
  /** Waits until so many have become events, and gives these. */
  readonly fired: (count: number) => Effect.Effect<FiredEvents, JournalError.JournalError>
  /** Waits until nothing that was scheduled is pending, or taken and not handed over. */
  readonly allHandedOver: Effect.Effect<void, Timers.TimersError>
  /** Takes the next epoch of the one process; whoever ran it is robbed. */
  readonly claim: Effect.Effect<ProcessContext.Fence, Lease.ProcessLeaseError | Lease.DeploymentMismatch>
  /** Fires the test's timers on the host, until the scope closes. */
  readonly deploy: (
    run?: Run
  ) => Effect.Effect<void, DistributedProcessing.StartError, DistributedProcessing.DistributedProcessing | Scope.Scope>
  /** Starts the one process by hand, as the newest run; the one before is robbed. */
  readonly start: (
    run?: Run
  ) => Effect.Effect<RunningProcess.RunningProcess, Lease.ProcessLeaseError | Lease.DeploymentMismatch, Scope.Scope>
}

const restartSoon = { backoff: { min: "20 millis", max: "50 millis", jitter: 0 } } as const

/** A moment so many milliseconds from now; one before now where they are negative. */
export const inMillis = (millis: number): Effect.Effect<DateTime.Utc> =>
  Effect.map(DateTime.now, DateTime.add({ millis }))

/** Later than any test. */
export const later = inMillis(Duration.toMillis("1 hour"))
/** A minute ago. */
export const before = inMillis(-60_000)

export const scene: Effect.Effect<
  Scene,
  JournalError.JournalError,
  FiredJournal | Timers.Timers | ProcessLease.ProcessLease
> = Effect.gen(function* () {
  const journal = yield* FiredJournal
  const timers = yield* Timers.Timers
  const lease = yield* ProcessLease.ProcessLease
  const name = globalThis.crypto.randomUUID()
  // what other tests have left is not looked at
  const beginnings = yield* Effect.forEach(FiredJournal.tagging.tags, (tag) =>
    Effect.map(journal.head(tag), (head) => ({ tag, head }))
  )
  const events = Effect.map(
    Effect.forEach(beginnings, ({ head, tag }) => Stream.runCollect(journal.currentEventsByTag(tag, head))),
    (chunks) =>
      chunks
        .flatMap((chunk) => Chunk.toReadonlyArray(chunk))
        .filter(({ event }) => event.name === name)
        .toSorted((a, b) => a.position - b.position)
  )

  const processes = ({ journal: through = journal, timers: kept = timers, ...options }: Run) =>
    Timers.firing(name, { journal: FiredJournal, ...options }).processes.map((process) =>
      process.pipe(Effect.provideService(FiredJournal, through), Effect.provideService(Timers.Timers, kept))
    )

  const claim = Effect.gen(function* () {
    yield* lease.register(name, 1)
    yield* lease.revoke(name, 0)
    const claimed = yield* lease.claim({ deployment: name, index: 0, generation: 0 }, "suite", Duration.seconds(3))
    return claimed._tag === "Claimed" ? claimed.fence : yield* Effect.dieMessage(`the claim answered ${claimed._tag}`)
  })

  const share = { name, slots: Array.range(0, Timers.slots - 1) }
  return {
    name,
    timers,
    journal,
    share,
    schedule: (id, due, rest = {}) => timers.schedule({ name, id, due, ...rest }),
    events,
    fired: (count) =>
      Effect.repeat(events, { until: ({ length }) => length >= count, schedule: Schedule.spaced("20 millis") }).pipe(
        Effect.zipRight(events)
      ),
    allHandedOver: Effect.asVoid(
      Effect.repeat(timers.untilDue(share), { until: Option.isNone, schedule: Schedule.spaced("20 millis") })
    ),
    claim,
    deploy: (run = {}) => Effect.asVoid(DistributedProcessing.start(name, processes(run), restartSoon)),
    start: (run = {}) =>
      Effect.gen(function* () {
        const [process] = processes(run)
        if (process === undefined) return yield* Effect.dieMessage("there is no process")
        return yield* Effect.provideService(process, ProcessContext.ProcessContext, yield* claim)
      })
  }
})
