/**
 * Rows that many entities write to: however their events are spread over partitions, delivered, crashed in, set aside or
 * taken over, each part is the fold of its partition's events, and a query merges them.
 */
import { ConsumerId, DistributedProcessing, ProcessContext, type Tagging } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Deferred, Effect, FastCheck, Option, Schedule, Stream } from "effect"
import * as FailurePolicy from "../../FailurePolicy.js"
import * as MergedView from "../../MergedView.js"
import type { ViewStore } from "../../ViewStore.js"
import { type Delivery, deliveredBy, deliveries, faults, faultyStore } from "./faults.js"
import { type Scene, scene, type Services } from "./scene.js"
import { added, appends, project, type TotalsEvent, TotalsJournal, type TotalsRow, TotalsView } from "./totals.js"
import { settle } from "./virtualTime.js"

const merged = MergedView.make(TotalsView, {
  journals: [TotalsJournal],
  merge: (one, other) => ({ ...one, total: one.total + other.total, count: one.count + other.count })
})

/** An amount that deletes its row, and one that is not taken while it is poisoned. */
const deleting = 7
const poisoned = 13

type Event = Parameters<typeof project>[1]

/** What is added goes to one of three rows by its amount, apart from those of other scenes. */
const keysOf =
  ({ id }: Scene) =>
  ({ event, key }: Event): ReadonlyArray<string> =>
    event._tag === "Added" && key.startsWith(id) ? [`${id}/row-${Math.abs(event.amount) % 3}`] : []

const nothing = { owner: "", total: 0, count: 0, trail: 0, note: null, lastEvent: "" }

const fold = (row: Option.Option<TotalsRow>, event: Event): Option.Option<TotalsRow> =>
  event.event._tag === "Added" && event.event.amount === deleting
    ? Option.none()
    : Option.some(project(Option.some(Option.getOrElse(row, () => nothing)), event))

const projection = (
  at: Scene,
  options: { readonly pageSize?: number; readonly onFailure?: FailurePolicy.FailurePolicy }
) =>
  MergedView.exactlyOnce(at.id, {
    journal: TotalsJournal,
    view: merged,
    keys: keysOf(at),
    project: (row, event) => {
      const { event: given } = event
      if (given._tag === "Added" && at.poison.has(given.amount)) throw new Error("poisoned")
      return fold(row, event)
    },
    ...options
  })

interface Run {
  readonly delivery?: Delivery
  readonly store?: ViewStore<TotalsRow>
  readonly onFailure?: FailurePolicy.FailurePolicy
}

const processesOf = (at: Scene, { delivery, onFailure, store = at.store }: Run) =>
  projection(at, {
    ...(delivery === undefined ? {} : { pageSize: delivery.pageSize }),
    ...(onFailure === undefined ? {} : { onFailure })
  }).processes.map((process) =>
    process.pipe(
      Effect.provideService(TotalsJournal, delivery === undefined ? at.journal : deliveredBy(at.journal, delivery)),
      Effect.provideService(TotalsView, store)
    )
  )

const backoff = { min: "20 millis", max: "50 millis", jitter: 0 } as const

const offsetOf = (at: Scene, tag: Tagging.EventTag) =>
  Effect.map(at.store.load(ConsumerId.make(at.id, tag), []), ({ offset }) => offset)

/** Waits until all partitions have come to their ends. */
const projected = (at: Scene) =>
  Effect.repeat(
    Effect.zipRight(
      Effect.sleep("10 millis"),
      Effect.forEach(TotalsJournal.tagging.tags, (tag) =>
        Effect.zipWith(offsetOf(at, tag), at.journal.head(tag), (offset, head) => offset === head)
      )
    ),
    { until: (all) => all.every((is) => is) }
  )

/** Where the partitions ended before a test. */
const heads = ({ journal }: Scene) => Effect.forEach(TotalsJournal.tagging.tags, (tag) => journal.head(tag))

/** Expects each row to be the merged folds of the partitions' events. */
const expectMerged = Effect.fnUntraced(function* (at: Scene, since: ReadonlyArray<number>) {
  const rows = new Map<string, Array<TotalsRow>>()
  for (const tag of TotalsJournal.tagging.tags) {
    const parts = new Map<string, Option.Option<TotalsRow>>()
    yield* Stream.runForEach(at.journal.currentEventsByTag(tag, since[tag.partition] ?? 0), (event) =>
      Effect.sync(() => {
        for (const key of keysOf(at)(event))
          parts.set(key, fold(Option.flatten(Option.fromNullable(parts.get(key))), event))
      })
    )
    for (const [key, part] of parts) rows.set(key, [...(rows.get(key) ?? []), ...Option.toArray(part)])
  }
  for (const [key, parts] of rows) {
    const found = yield* Effect.provideService(MergedView.get(merged, key), TotalsView, at.store)
    const [first, ...others] = parts
    expect(found).toEqual(first === undefined ? Option.none() : Option.some(others.reduce(merged.merge, first)))
  }
})

const retry = (at: Scene) =>
  projection(at, {})
    .quarantine.retry()
    .pipe(Effect.provideService(TotalsJournal, at.journal), Effect.provideService(TotalsView, at.store))

/** Histories that delete rows, and of which some events are not taken at first. */
const histories = appends.chain((history) =>
  FastCheck.array(FastCheck.tuple(FastCheck.nat(19), FastCheck.constantFrom(deleting, poisoned)), { maxLength: 6 }).map(
    (places) =>
      history.map(({ events, key }, i) => ({
        key,
        events: [...events, ...places.filter(([place]) => place === i).map(([_, amount]): TotalsEvent => added(amount))]
      }))
  )
)

export const mergedTests = (test: Vitest.Tester<Services>, runs: number): void => {
  test.prop(
    "merged rows equal the fold of the journal, with deletions, wherever the process crashes and whatever is set aside",
    { delivery: deliveries, script: faults, history: histories, automatic: FastCheck.boolean() },
    ({ automatic, delivery, history, script }) =>
      Effect.gen(function* () {
        const at = yield* scene
        const since = yield* heads(at)
        at.poison.add(poisoned)
        const half = Math.ceil(history.length / 2)
        yield* at.append(history.slice(0, half))
        const store = faultyStore(at.store, script)
        const onFailure = FailurePolicy.quarantine(automatic ? { retry: Schedule.spaced("30 millis") } : {})
        yield* DistributedProcessing.start(at.id, processesOf(at, { delivery, store, onFailure }), { backoff })
        yield* at.append(history.slice(half))
        yield* projected(at)
        at.poison.clear()
        yield* Effect.repeat(
          Effect.zipRight(
            Effect.zipRight(automatic ? Effect.sleep("30 millis") : retry(at), Effect.sleep("1 millis")),
            at.store.quarantined(at.id)
          ),
          { until: (left) => left.length === 0 }
        )
        yield* at.append([{ key: 0, events: [added(1), added(2), added(3)] }])
        yield* projected(at)
        yield* expectMerged(at, since)
      }).pipe(Effect.scoped, settle),
    { timeout: 120_000, fastCheck: { numRuns: runs } }
  )

  test("an older copy that wakes before its commit writes to no row", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const since = yield* heads(at)
      yield* at.append([{ key: 0, events: [added(1), added(2)] }])
      const tag = TotalsJournal.tagging.tagOf(at.key(0))
      const [folded, awake] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const sleepy: ViewStore<TotalsRow> = {
        ...at.store,
        commit: (commit) =>
          Deferred.succeed(folded, undefined).pipe(
            Effect.zipRight(Deferred.await(awake)),
            Effect.zipRight(at.store.commit(commit))
          )
      }
      const start = (run: Run) =>
        Effect.flatMap(at.claim(tag.partition), (fence) =>
          Effect.provideService(
            processesOf(at, run)[tag.partition] ?? Effect.dieMessage("no process"),
            ProcessContext.ProcessContext,
            fence
          )
        )
      const older = yield* start({ store: sleepy })
      yield* Deferred.await(folded)
      const newer = yield* start({})
      yield* at.append([{ key: 0, events: [added(3)] }])
      const head = yield* at.journal.head(tag)
      yield* Effect.repeat(Effect.zipRight(Effect.sleep("10 millis"), offsetOf(at, tag)), {
        until: (offset) => offset === head
      })
      yield* Deferred.succeed(awake, undefined)
      expect(JSON.stringify(yield* older.watchTermination)).toContain("Fenced")
      yield* expectMerged(at, since)
      yield* newer.shutdown
    }).pipe(Effect.scoped, settle))
}
