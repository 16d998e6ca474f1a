/** What a test of the projection suite works with, apart from all other tests on the same storage. */
import {
  ConsumerId,
  DistributedProcessing,
  type EntityEvent,
  type Journal,
  type JournalError,
  type Lease,
  ProcessContext,
  ProcessLease,
  type RunningProcess
} from "@aecor/core"
import { expect } from "@effect/vitest"
import { Array, type Context, Duration, Effect, Option, type Scope, Stream } from "effect"
import type * as FailurePolicy from "../../FailurePolicy.js"
import type * as Projection from "../../Projection.js"
import type * as ViewStore from "../../ViewStore.js"
import {
  type Append,
  opened,
  project,
  type projectDeleting,
  totals,
  type TotalsEvent,
  TotalsJournal,
  type TotalsRow,
  TotalsView
} from "./totals.js"

/** What the suite needs. */
export type Services =
  | TotalsJournal
  | TotalsView
  | ProcessLease.ProcessLease
  | DistributedProcessing.DistributedProcessing

/** The services that a run of the projection uses, and how much it takes at once. */
interface Run {
  readonly journal?: Journal.Journal<TotalsEvent>
  readonly store?: ViewStore.ViewStore<TotalsRow>
  readonly pageSize?: number
  readonly onFailure?: FailurePolicy.FailurePolicy
  readonly fold?: typeof projectDeleting
}

type AppendError = JournalError.JournalError | JournalError.VersionConflict | JournalError.InDoubt
type Receipt = { readonly key: string; readonly sequence: number }

export interface Scene {
  /** Unique: the name of the projection and of its deployment. */
  readonly id: string
  readonly journal: Journal.Journal<TotalsEvent>
  readonly store: ViewStore.ViewStore<TotalsRow>
  readonly lease: Context.Tag.Service<ProcessLease.ProcessLease>
  readonly key: (name: string | number) => string
  /** Amounts that no run of the projection can fold, as long as they are in here. */
  readonly poison: Set<number>
  /** Tries again, from outside of any process, what is set aside. */
  readonly retry: (
    key?: string
  ) => Effect.Effect<ReadonlyArray<Projection.Retried>, Projection.StoreError | JournalError.JournalError>
  /** Appends a history, each key opened by its first append; gives the last receipt of every key. */
  readonly append: (history: ReadonlyArray<Append>) => Effect.Effect<ReadonlyArray<Receipt>, AppendError>
  readonly events: (
    key: string
  ) => Effect.Effect<ReadonlyArray<EntityEvent.EntityEvent<TotalsEvent>>, JournalError.JournalError>
  /** Waits until the view has reached the receipts. */
  readonly reached: (
    receipts: ReadonlyArray<Receipt>
  ) => Effect.Effect<void, ViewStore.ReceiptTimeout | ViewStore.Quarantined | ViewStore.ViewStoreError>
  /** Expects every row to be the fold of all events of its key. */
  readonly expectFold: (
    receipts: ReadonlyArray<Receipt>
  ) => Effect.Effect<void, JournalError.JournalError | ViewStore.ViewStoreError>
  /** Runs the projection on the host, until the scope closes. */
  readonly deploy: (
    run?: Run
  ) => Effect.Effect<void, DistributedProcessing.StartError, DistributedProcessing.DistributedProcessing | Scope.Scope>
  /** Takes the next epoch of a process; whoever ran it is robbed. */
  readonly claim: (index: number) => Effect.Effect<ProcessContext.Fence, Lease.ProcessLeaseError>
  /** Starts one of its processes by hand, as the newest run; the one before is robbed. */
  readonly start: (
    index: number,
    run?: Run
  ) => Effect.Effect<RunningProcess.RunningProcess, Lease.ProcessLeaseError, Scope.Scope>
}

/** A view that does not get there in this time never will. */
const patience = "30 seconds"

const restartSoon = { backoff: { min: "20 millis", max: "50 millis", jitter: 0 } } as const

/** The row that a history makes. */
export const rowAfter = (
  events: ReadonlyArray<EntityEvent.EntityEvent<TotalsEvent>>
): Option.Option<ViewStore.Versioned<TotalsRow>> => {
  const view = Array.reduce(events, Option.none<TotalsRow>(), (row, event) => Option.some(project(row, event)))
  return Option.map(view, (row) => ({ version: events.length, view: row }))
}

export const scene: Effect.Effect<
  Scene,
  | Lease.ProcessLeaseError
  | Lease.DeploymentMismatch
  | JournalError.JournalError
  | ViewStore.ViewStoreError
  | ViewStore.CommitConflict
  | ProcessContext.Fenced,
  TotalsJournal | TotalsView | ProcessLease.ProcessLease
> = Effect.gen(function* () {
  const journal = yield* TotalsJournal
  const store = yield* TotalsView
  const lease = yield* ProcessLease.ProcessLease
  const id = globalThis.crypto.randomUUID()
  yield* lease.register(id, TotalsJournal.tagging.tags.length)
  const claim: Scene["claim"] = Effect.fnUntraced(function* (index) {
    yield* lease.revoke(id, index)
    const claimed = yield* lease.claim({ deployment: id, index, generation: 0 }, "suite", Duration.seconds(3))
    return claimed._tag === "Claimed" ? claimed.fence : yield* Effect.dieMessage(`the claim answered ${claimed._tag}`)
  })

  // the projection begins at the end of what other tests have left
  yield* Effect.forEach(TotalsJournal.tagging.tags, (tag) =>
    Effect.gen(function* () {
      const fence = yield* claim(tag.partition)
      const offset = yield* journal.head(tag)
      yield* store.commit({ consumer: ConsumerId.make(id, tag), fence, expected: 0, offset, rows: new Map() })
      yield* lease.release(fence)
    })
  )

  const sequences = new Map<string, number>()
  const key = (name: string | number) => `${id}/${name}`

  const append: Scene["append"] = Effect.fnUntraced(function* (history) {
    const receipts = new Map<string, Receipt>()
    for (const { events, key: name } of history) {
      const before = sequences.get(key(name)) ?? 0
      const all = before === 0 ? [opened(id), ...events] : events
      const { sequence } = yield* journal.append(key(name), before, all)
      sequences.set(key(name), sequence)
      receipts.set(key(name), { key: key(name), sequence })
    }
    return [...receipts.values()]
  })

  const events: Scene["events"] = (name) =>
    Effect.map(Stream.runCollect(journal.read(name, 1)), (chunk) => Array.fromIterable(chunk))

  const poison = new Set<number>()
  const processes = ({ journal: given, store: kept, ...options }: Run) =>
    totals(id, { ...options, poison }).processes.map((process) =>
      process.pipe(
        Effect.provideService(TotalsJournal, given ?? journal),
        Effect.provideService(TotalsView, kept ?? store)
      )
    )

  return {
    id,
    journal,
    store,
    lease,
    key,
    poison,
    retry: (name) =>
      totals(id, { poison })
        .quarantine.retry(name)
        .pipe(Effect.provideService(TotalsJournal, journal), Effect.provideService(TotalsView, store)),
    claim,
    append,
    events,
    reached: (receipts) =>
      Effect.forEach(receipts, (receipt) => store.awaitReceipt(receipt, patience), {
        concurrency: "unbounded",
        discard: true
      }),
    expectFold: (receipts) =>
      Effect.forEach(
        receipts,
        Effect.fnUntraced(function* (receipt) {
          const expected = Option.getOrThrow(rowAfter(yield* events(receipt.key)))
          expect(Option.getOrThrow(yield* store.get(receipt.key))).toEqual(expected)
        }),
        { discard: true }
      ),
    deploy: (run = {}) => Effect.asVoid(DistributedProcessing.start(id, processes(run), restartSoon)),
    start: Effect.fnUntraced(function* (index: number, run: Run = {}) {
      const all = processes(run)
      const process = all[index]
      if (process === undefined) return yield* Effect.dieMessage(`there is no process ${index}`)
      return yield* Effect.provideService(process, ProcessContext.ProcessContext, yield* claim(index))
    })
  }
})
