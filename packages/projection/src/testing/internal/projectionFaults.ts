/** A row is the fold of its key's events: under crashes, repeats, any size of page, and where a row lags behind. */
import { ConsumerId } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Array, Effect, Metric, Option } from "effect"
import { counters } from "../../internal/pages.js"
import { deliveredBy, deliveries, faults, faultyStore } from "./faults.js"
import { rowAfter, type Scene, scene, type Services } from "./scene.js"
import { added, appends, projectDeleting, TotalsJournal, type TotalsRow } from "./totals.js"
import { settle } from "./virtualTime.js"

/** How many gaps the processes of a projection have met. */
const gapsOf = (projection: string) => Effect.map(Metric.value(counters(projection).gaps), (_) => _.count)

/** Makes the view of a key lag: its row is the fold of the first events only, though the offset is beyond them all. */
const lag = Effect.fnUntraced(function* (
  { claim, events, id, journal, lease, store }: Scene,
  key: string,
  version: number
) {
  const tag = TotalsJournal.tagging.tagOf(key)
  const consumer = ConsumerId.make(id, tag)
  const fence = yield* claim(tag.partition)
  const row = rowAfter((yield* events(key)).slice(0, version))
  const { offset: expected } = yield* store.load(consumer, [])
  const offset = yield* journal.head(tag)
  const rows = new Map(Option.toArray(row).map((one) => [key, one]))
  yield* store.commit({ consumer, fence, expected, offset, rows })
  yield* lease.release(fence)
})

export const faultTests = (test: Vitest.Tester<Services>, runs: number): void => {
  const settings = { timeout: 120_000, fastCheck: { numRuns: runs } }

  test.prop(
    "the view equals the fold of the journal, in pages of any size, with events that come again",
    { delivery: deliveries, earlier: appends, later: appends },
    ({ delivery, earlier, later }) =>
      Effect.gen(function* () {
        const at = yield* scene
        const before = yield* at.append(earlier)
        yield* at.deploy({ pageSize: delivery.pageSize, journal: deliveredBy(at.journal, delivery) })
        yield* at.reached(before)
        const after = yield* at.append(later)
        yield* at.reached(after)
        yield* at.expectFold([...before, ...after])
      }).pipe(Effect.scoped, settle),
    settings
  )

  test.prop(
    "the view equals the fold of the journal, wherever the process crashes",
    { delivery: deliveries, script: faults, history: appends },
    ({ delivery, history, script }) =>
      Effect.gen(function* () {
        const at = yield* scene
        const half = Math.ceil(history.length / 2)
        const before = yield* at.append(history.slice(0, half))
        yield* at.deploy({
          pageSize: delivery.pageSize,
          journal: deliveredBy(at.journal, delivery),
          store: faultyStore(at.store, script)
        })
        const after = yield* at.append(history.slice(half))
        yield* at.reached([...before, ...after])
        yield* at.expectFold([...before, ...after])
      }).pipe(Effect.scoped, settle),
    settings
  )

  test.prop(
    "the view equals the fold of the journal, with rows that are deleted and come back, wherever the process crashes",
    { delivery: deliveries, script: faults, history: appends },
    ({ delivery, history, script }) =>
      Effect.gen(function* () {
        const at = yield* scene
        const half = Math.ceil(history.length / 2)
        const before = yield* at.append(history.slice(0, half))
        yield* at.deploy({
          pageSize: delivery.pageSize,
          journal: deliveredBy(at.journal, delivery),
          store: faultyStore(at.store, script),
          fold: projectDeleting
        })
        const receipts = [...before, ...(yield* at.append(history.slice(half)))]
        yield* at.reached(receipts)
        for (const { key } of receipts) {
          const row = Array.reduce(yield* at.events(key), Option.none<TotalsRow>(), (view, event) => {
            const next = projectDeleting(view, event)
            return Option.isOption(next) ? next : Option.some(next)
          })
          expect(Option.map(yield* at.store.get(key), ({ view }) => view)).toEqual(row)
        }
      }).pipe(Effect.scoped, settle),
    { ...settings, fastCheck: { numRuns: Math.ceil(runs / 3) } }
  )

  for (const version of [0, 2]) {
    test(`a row that lags behind at version ${version} is filled up from the journal, and the gap is counted`, () =>
      Effect.gen(function* () {
        const at = yield* scene
        const [first] = yield* at.append([{ key: 0, events: [added(1), added(2), added(3), added(4)] }])
        yield* lag(at, at.key(0), version)
        const beside = yield* at.append([{ key: 1, events: [added(9)] }])
        yield* at.deploy()
        yield* at.reached(beside)
        expect(yield* gapsOf(at.id)).toBe(0)
        expect(Option.isSome(yield* at.store.get(at.key(0)))).toBe(version > 0)
        const receipts = yield* at.append([{ key: 0, events: [added(5), added(6)] }])
        yield* at.reached(receipts)
        yield* at.expectFold(receipts)
        expect(receipts[0]?.sequence).toBe((first?.sequence ?? 0) + 2)
        expect(yield* gapsOf(at.id)).toBe(1)
      }).pipe(Effect.scoped, settle))
  }
}
