/**
 * Two versions of a view compared while both go on. Of a key that is not at one version in both, what was seen is kept:
 * whatever version both have had is compared, though never at one time.
 */
import { ConsumerId, type Tagging } from "@aecor/core"
import { Array as Arr, Clock, Duration, Effect, Option } from "effect"
import type { Any, ViewStoreError, Versioned } from "../ViewStore.js"
import { difference, type Encoded, encoder } from "./replayCompare.js"

/**
 * A key in one version: at which sequence, and its row; none where there is no row at that sequence. `offset` is how far its
 * partition was at that moment, as far as it was asked for.
 */
interface Seen {
  readonly version: number
  readonly row: Encoded | undefined
  readonly offset: number | undefined
}

/** What of a version of a view is compared. */
export interface Side {
  /** The keys of a page after a key. */
  readonly page: (
    after: Option.Option<string>,
    limit: number
  ) => Effect.Effect<ReadonlyMap<string, Seen>, ViewStoreError>
  /** Each of some keys, with offsets. */
  readonly of: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, Seen>, ViewStoreError>
}

export const sideOf = <VS, V>(projection: {
  readonly name: string
  readonly view: Any<VS, V>
  readonly journal: { readonly tagging: Tagging.Tagging }
}): Effect.Effect<Side, never, VS> =>
  Effect.map(projection.view, (store) => {
    const { tagging } = projection.journal
    const encode = encoder(projection.view)
    const seen = (key: string, { version, view }: Versioned<V>, offset?: number) =>
      Effect.map(encode(key, view), (row): readonly [string, Seen] => [key, { version, row, offset }])
    const ofTag = Effect.fnUntraced(function* (tag: Tagging.EventTag, keys: ReadonlyArray<string>) {
      const { offset, rows, tombstones } = yield* store.load(ConsumerId.make(projection.name, tag), keys)
      const alive = new Map(yield* Effect.forEach(rows, ([key, row]) => seen(key, row, offset)))
      return keys.map((key): readonly [string, Seen] => [
        key,
        alive.get(key) ?? { version: tombstones.get(key) ?? 0, row: undefined, offset }
      ])
    })
    return {
      page: (after, limit) =>
        Effect.map(
          Effect.flatMap(
            store.scan(after, limit),
            Effect.forEach(([key, row]) => seen(key, row))
          ),
          (all) => new Map(all)
        ),
      of: (keys) =>
        Effect.gen(function* () {
          const byTag = Arr.groupBy(keys, (key) => String(tagging.tagOf(key).partition))
          const found = yield* Effect.forEach(Object.values(byTag), (some) => ofTag(tagging.tagOf(some[0]), some))
          return new Map(found.flat())
        })
    }
  })

const told = 20

/** How long until rows that have not met are looked at again. */
const interval = "20 millis"

const nothing: Seen = { version: 0, row: undefined, offset: undefined }

interface Discrepancy {
  readonly kind: "Different" | "Missing" | "Extra"
  readonly key: string
  readonly version: number
  readonly field?: string
  readonly live?: unknown
  readonly next?: unknown
}

export const make = Effect.fnUntraced(function* (options: {
  readonly live: Side
  readonly next: Side
  readonly fields: ReadonlyArray<string> | undefined
  readonly patience: Duration.Duration
  readonly pageSize: number
  readonly onPage: (rows: number) => Effect.Effect<void>
}) {
  const { live, next, onPage, pageSize } = options
  const counts = { same: 0, different: 0, missing: 0, extra: 0, unsettled: 0 }
  const samples: Array<Discrepancy> = []
  const unsettledKeys: Array<string> = []
  let patience = Duration.toMillis(options.patience)

  const note = (discrepancy: Discrepancy) => {
    const { kind } = discrepancy
    counts[kind === "Different" ? "different" : kind === "Missing" ? "missing" : "extra"] += 1
    if (samples.length < told) samples.push(discrepancy)
  }

  /** Two rows of one version. */
  const compare = (key: string, version: number, one: Encoded | undefined, other: Encoded | undefined): void => {
    if (one === undefined && other === undefined) return
    if (one === undefined) return note({ kind: "Extra", key, version })
    if (other === undefined) return note({ kind: "Missing", key, version })
    const differs = difference(one, other, new Set(options.fields ?? one.keys()))
    if (differs === undefined) counts.same += 1
    else note({ kind: "Different", key, version, field: differs.field, live: differs.stored, next: differs.folded })
  }

  /** What there is to be said of a key of which one version shows fewer events though it has come as far; if there is. */
  const compareUnequal = (key: string, one: Seen, other: Seen): boolean => {
    const [less, more] = one.version < other.version ? [one, other] : [other, one]
    if (less.offset === undefined || more.offset === undefined || less.offset < more.offset) return false
    if (less.row === undefined || more.row === undefined) compare(key, more.version, one.row, other.row)
    else
      note({ kind: "Different", key, version: more.version, field: "version", live: one.version, next: other.version })
    return true
  }

  /** Looks at keys until each is settled, or patience ends; once at least. */
  const settle = Effect.fnUntraced(function* (
    keys: ReadonlyArray<string>,
    known: { readonly live: ReadonlyMap<string, Seen>; readonly next: ReadonlyMap<string, Seen> }
  ) {
    const history = new Map(keys.map((key) => [key, { live: new Map<number, Seen>(), next: new Map<number, Seen>() }]))
    let now = known
    for (let looks = 0; ; looks++) {
      for (const [key, seen] of history) {
        const [one, other] = [now.live.get(key) ?? nothing, now.next.get(key) ?? nothing]
        seen.live.set(one.version, one)
        seen.next.set(other.version, other)
        const met = [...seen.live.keys()].find((version) => version > 0 && seen.next.has(version))
        if (met !== undefined) compare(key, met, seen.live.get(met)?.row, seen.next.get(met)?.row)
        else if (!compareUnequal(key, one, other)) continue
        history.delete(key)
      }
      if (history.size === 0) return
      if (looks > 0 && patience <= 0) break
      const since = yield* Clock.currentTimeMillis
      if (looks > 0) yield* Effect.sleep(interval)
      const left = [...history.keys()]
      now = { live: yield* live.of(left), next: yield* next.of(left) }
      patience -= (yield* Clock.currentTimeMillis) - since
    }
    counts.unsettled += history.size
    unsettledKeys.push(...[...history.keys()].slice(0, told - unsettledKeys.length))
  })

  let rows = 0
  /** All rows of one version, and what the other has of them; `settled` gives the keys that are to be compared. */
  const walk = Effect.fnUntraced(function* (
    walked: Side,
    settled: (page: ReadonlyMap<string, Seen>) => Effect.Effect<void, ViewStoreError>
  ) {
    for (let after = Option.none<string>(); ;) {
      const page = yield* walked.page(after, pageSize)
      const last = [...page.keys()].at(-1)
      if (last === undefined) return
      yield* settled(page)
      yield* onPage((rows += page.size))
      after = Option.some(last)
    }
  })

  return Effect.gen(function* () {
    yield* walk(live, (page) =>
      Effect.flatMap(next.of([...page.keys()]), (there) => settle([...page.keys()], { live: page, next: there }))
    )
    yield* walk(next, (page) =>
      Effect.gen(function* () {
        const there = yield* live.of([...page.keys()])
        // the others have been compared
        const alone = [...page.keys()].filter((key) => there.get(key)?.row === undefined)
        if (alone.length > 0) yield* settle(alone, { live: there, next: page })
      })
    )
    return { ...counts, samples, unsettledKeys }
  })
})
