/** What the suite of replays plays with: two folds of one journal, one of them wrong, and nodes of code that has either. */
import {
  ConsumerId,
  DistributedProcessing,
  type EntityEvent,
  type Lease,
  type ProcessContext,
  ProcessLease
} from "@aecor/core"
import { expect } from "@effect/vitest"
import { Array as Arr, Clock, Duration, Effect, FastCheck, Option, type Scope, Stream } from "effect"
import * as FailurePolicy from "../../FailurePolicy.js"
import * as Projection from "../../Projection.js"
import type * as ViewStore from "../../ViewStore.js"
import { add, added, FewJournal, host, nothing, SumsView } from "./repartitionScene.js"

export type Row = typeof nothing

/** What a test does; however it fails, the test does. */
export type Step<A = void> = Effect.Effect<A, unknown, Services>

/** What the suite needs. */
export type Services = FewJournal | SumsView | ProcessLease.ProcessLease

type Fold<A = Row> = (row: Option.Option<Row>, event: EntityEvent.EntityEvent<ReturnType<typeof added>>) => A
type Sums = Projection.ViewProjection<FewJournal, ReturnType<typeof added>, SumsView, Row>

export const right: Fold = (row, { event }) =>
  add(
    Option.getOrElse(row, () => nothing),
    event.amount
  )

/** It counts each third event twice. */
export const wrong: Fold = (row, event) => {
  const next = right(row, event)
  return event.sequence % 3 === 0 ? { ...next, sum: next.sum + event.event.amount } : next
}

/** It does not take 13. */
export const superstitious: Fold = (row, event) => {
  if (event.event.amount === 13) throw new Error("13 brings bad luck")
  return right(row, event)
}

/** The amount with which a sum ends. */
export const last = 1000
export const mortal: Fold<Row | Option.Option<Row>> = (row, event) =>
  event.event.amount === last ? Option.none() : right(row, event)

export const name = "SumsToReplay"

/** The projection by code of one release or another. */
export const by = (project: Fold<Row | Option.Option<Row>>, pageSize = 20): Sums =>
  Projection.exactlyOnce(name, {
    journal: FewJournal,
    view: SumsView,
    project,
    pageSize,
    onFailure: FailurePolicy.quarantine()
  })

/** What an event makes of a row, of the fold that is right. */
export const after = (amounts: ReadonlyArray<number>): ViewStore.Versioned<Row> => ({
  version: amounts.length,
  view: amounts.reduce(add, nothing)
})

/** Runs a projection's processes on a node of their own until the scope closes. */
export const node = (
  { name: deployment, processes }: Sums,
  fingerprint = ""
): Effect.Effect<void, DistributedProcessing.StartError, Services | Scope.Scope> =>
  Effect.flatMap(host, (own) =>
    Effect.provide(
      DistributedProcessing.start(deployment, processes, {
        fingerprint,
        onMismatch: "wait",
        backoff: { min: "20 millis", max: "50 millis", jitter: 0 }
      }),
      own
    )
  )

/** Appends an amount after the other to a key. */
export const append = (key: string, amounts: ReadonlyArray<number>): Step =>
  Effect.gen(function* () {
    const journal = yield* FewJournal
    const { length } = yield* amountsOf(key)
    yield* journal.append(
      key,
      length,
      amounts.map((amount) => added(amount))
    )
  })

export const amountsOf = (key: string): Step<ReadonlyArray<number>> =>
  Effect.flatMap(FewJournal, (journal) =>
    Effect.map(Stream.runCollect(journal.read(key, 1)), (events) => [...events].map(({ event }) => event.amount))
  )

/** Waits until the view has seen all events of some keys. */
export const reached = (keys: ReadonlyArray<string>): Step =>
  Effect.flatMap(SumsView, (view) =>
    Effect.forEach(
      keys,
      (key) =>
        Effect.flatMap(amountsOf(key), ({ length }) => view.awaitReceipt({ key, sequence: length }, "20 seconds")),
      { discard: true, concurrency: "unbounded" }
    )
  )

/** Expects the rows of keys to be what the right fold makes of all their events. */
export const expectRight = (keys: ReadonlyArray<string>): Step =>
  Effect.flatMap(SumsView, (view) =>
    Effect.forEach(
      keys,
      (key) =>
        Effect.gen(function* () {
          const row = yield* view.get(key)
          const amounts = yield* amountsOf(key)
          expect([key, Option.getOrUndefined(row)]).toEqual([key, amounts.length > 0 ? after(amounts) : undefined])
        }),
      { discard: true }
    )
  )

/** The fence of the next epoch of the first process, which nobody runs. */
const claimed: Effect.Effect<
  ProcessContext.Fence,
  Lease.ProcessLeaseError | Lease.DeploymentMismatch,
  ProcessLease.ProcessLease
> = Effect.gen(function* () {
  const lease = yield* ProcessLease.ProcessLease
  yield* lease.register(name, FewJournal.tagging.tags.length)
  yield* lease.revoke(name, 0)
  const claim = yield* lease.claim({ deployment: name, index: 0, generation: 0 }, "suite", Duration.seconds(3))
  return claim._tag === "Claimed" ? claim.fence : yield* Effect.dieMessage(`the claim answered ${claim._tag}`)
})

/** Stores rows as they should not be, and offsets beyond all events. */
export const spoil = (rows: ReadonlyMap<string, ViewStore.Versioned<Row>>): Step =>
  Effect.gen(function* () {
    const view = yield* SumsView
    const journal = yield* FewJournal
    const fence = yield* claimed
    for (const tag of FewJournal.tagging.tags) {
      const consumer = ConsumerId.make(name, tag)
      const { offset: expected } = yield* view.load(consumer, [])
      const own = new Map([...rows].filter(([key]) => FewJournal.tagging.tagOf(key).partition === tag.partition))
      yield* view.commit({ consumer, fence, expected, offset: yield* journal.head(tag), rows: own })
    }
    yield* (yield* ProcessLease.ProcessLease).release(fence)
  })

/** Any histories of some keys, interleaved. */
export const histories: FastCheck.Arbitrary<ReadonlyArray<readonly [string, ReadonlyArray<number>]>> = FastCheck.array(
  FastCheck.tuple(
    FastCheck.nat(9).map((n) => `key ${n}`),
    FastCheck.array(FastCheck.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 6 })
  ),
  { minLength: 1, maxLength: 20 }
)

export const keysOf = (history: ReadonlyArray<readonly [string, ReadonlyArray<number>]>): ReadonlyArray<string> =>
  Arr.dedupe(history.map(([key]) => key))

/** Reads rows again and again; gives what it has found wrong: a row that was gone, or of a lower version than before. */
export const watching = Effect.fnUntraced(function* (
  { get }: { readonly get: (key: string) => Effect.Effect<Option.Option<ViewStore.Versioned<Row>>, unknown> },
  keys: ReadonlyArray<string>
) {
  let failure: unknown
  const versions = new Map<string, number>()
  const wrongs: Array<string> = []
  let reads = 0
  const look = (key: string) =>
    Effect.map(get(key), (row) => {
      reads += 1
      const version = Option.match(row, { onNone: () => 0, onSome: (_) => _.version })
      const before = versions.get(key) ?? 0
      if (version < before) wrongs.push(`${key}: ${before}, then ${version}`)
      versions.set(key, version)
    })
  yield* Effect.forEach(keys, look, { discard: true }).pipe(
    Effect.zipRight(Effect.sleep("20 millis")),
    Effect.forever,
    Effect.tapError((error) => Effect.sync(() => (failure = error))),
    Effect.forkScoped
  )
  return { wrongs, reads: () => reads, failure: () => failure }
})

export const now = Clock.currentTimeMillis
