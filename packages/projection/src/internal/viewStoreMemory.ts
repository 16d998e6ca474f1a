/**
 * A view store in the memory of one process. Rows are encoded when they are committed and decoded when they are read,
 * so that what works here works on a real storage; each commit is one step that nothing can interleave.
 */
import { type ConsumerId, Offset, type ProcessContext, ProcessLease, Quarantine } from "@aecor/core"
import { Clock, type Duration, Effect, Option, Schema, Stream, SubscriptionRef } from "effect"
import {
  type Attempt,
  type Commit,
  CommitConflict,
  type Loaded,
  Quarantined,
  ReceiptTimeout,
  type Replacement,
  type Versioned,
  type ViewStore,
  ViewStoreError
} from "../View.js"

export const make = <V extends object, I>(definition: {
  readonly label: string
  readonly row: Schema.Schema<V, I>
}): Effect.Effect<ViewStore<V>, never, ProcessLease.ProcessLease> =>
  Effect.gen(function* () {
    const name = definition.label
    const lease = yield* ProcessLease.ProcessLease
    const encode = Schema.encode(definition.row)
    const decode = Schema.decode(definition.row)
    const rows = new Map<string, Versioned<I>>()
    const tombstones = new Map<string, number>()
    const quarantine = Quarantine.memory()
    const offsets = new Map<string, Offset.Offset>()
    const times = new Map<string, number>()
    const commits = yield* SubscriptionRef.make(0)

    const failed = (description: string) => (cause: Error) =>
      new ViewStoreError({ view: name, description: `${description}: ${cause.message}`, cause })
    const encodeRow = (key: string, { view, version }: Versioned<V>) =>
      Effect.mapBoth(encode(view), {
        onFailure: failed(`the row of key ${JSON.stringify(key)} does not encode`),
        onSuccess: (encoded) => [key, { view: encoded, version }] as const
      })
    const decodeRow = (key: string, { view, version }: Versioned<I>) =>
      Effect.mapBoth(decode(view), {
        onFailure: failed(`the row of key ${JSON.stringify(key)} does not decode`),
        onSuccess: (decoded): Versioned<V> => ({ view: decoded, version })
      })

    const offsetOf = (consumer: ConsumerId.ConsumerId) => offsets.get(identity(consumer)) ?? Offset.beginning
    const versionOf = (key: string) => Math.max(rows.get(key)?.version ?? 0, tombstones.get(key) ?? 0)

    const get = Effect.fn(`${name}.get`)(function* (key: string) {
      const stored = rows.get(key)
      return stored === undefined ? Option.none<Versioned<V>>() : Option.some(yield* decodeRow(key, stored))
    })

    const find = Effect.fn(`${name}.find`)(function* (where: Partial<V>) {
      const found: Array<V> = []
      for (const [key, stored] of [...rows].toSorted(byCodePoint)) {
        const row = (yield* decodeRow(key, stored)).view
        // the row with the wanted columns in their place encodes to what is stored where they are equal
        const wanted = yield* Effect.mapError(encode(overlay(row, where)), failed("the wanted columns do not encode"))
        if (sameEncoded(wanted, stored.view)) found.push(row)
      }
      return found
    })

    const load = Effect.fn(`${name}.load`)(function* (consumer: ConsumerId.ConsumerId, keys: ReadonlyArray<string>) {
      const offset = offsetOf(consumer)
      const concerned = keys.flatMap((key) => {
        const stored = rows.get(key)
        return stored === undefined ? [] : [[key, stored] as const]
      })
      const loaded = new Map<string, Versioned<V>>()
      const dead = new Map(
        keys.flatMap((key) => {
          const version = tombstones.get(key)
          return version === undefined ? [] : [[key, version] as const]
        })
      )
      for (const [key, stored] of concerned) loaded.set(key, yield* decodeRow(key, stored))
      return { offset, rows: loaded, tombstones: dead } satisfies Loaded<V>
    })

    const revive = (key: string, row: Versioned<I>) => {
      rows.set(key, row)
      tombstones.delete(key)
    }
    const bury = (key: string, version: number) => {
      rows.delete(key)
      tombstones.set(key, version)
    }
    const put = (encoded: ReadonlyArray<readonly [string, Versioned<I>]>, dead: ReadonlyMap<string, number>) => {
      for (const [key, row] of encoded) if (row.version > versionOf(key)) revive(key, row)
      for (const [key, version] of dead) if (version > versionOf(key)) bury(key, version)
    }
    const store = (
      { consumer, expected, offset, quarantine: changes, tombstones: dead }: Commit<V>,
      encoded: ReadonlyArray<readonly [string, Versioned<I>]>
    ): Effect.Effect<void, CommitConflict> =>
      Effect.suspend(() => {
        const fits = offsetOf(consumer) === expected && (changes === undefined || quarantine.commit(consumer, changes))
        if (!fits) return new CommitConflict({ view: name, consumer, expected })
        put(encoded, dead ?? new Map())
        offsets.set(identity(consumer), offset)
        return Effect.void
      })

    const encodeAll = (all: ReadonlyMap<string, Versioned<V>>) =>
      Effect.forEach(all, ([key, row]) => encodeRow(key, row))
    const signalled = SubscriptionRef.update(commits, (n) => n + 1)
    /** Writes under a fence: no other fiber runs between the check and the write. */
    const fenced = <A, E>(fence: ProcessContext.Fence, write: Effect.Effect<A, E>) =>
      lease.check(fence).pipe(
        Effect.catchTag("ProcessLeaseError", (cause) => Effect.fail(failed("the fence cannot be checked")(cause))),
        Effect.zipRight(write),
        Effect.withMaxOpsBeforeYield(Number.MAX_SAFE_INTEGER),
        Effect.zipLeft(signalled),
        Effect.uninterruptible
      )

    const commit = Effect.fn(`${name}.commit`)(function* (page: Commit<V>) {
      const encoded = yield* encodeAll(page.rows)
      yield* fenced(page.fence, store(page, encoded))
      times.set(identity(page.consumer), yield* Clock.currentTimeMillis)
    })

    const replace = Effect.fn(`${name}.replace`)(function* (replacement: Replacement<V>) {
      const encoded = yield* encodeAll(replacement.rows)
      const write = Effect.sync(() => {
        const changed = encoded.filter(
          ([key, row]) => row.version >= versionOf(key) && !sameEncoded(rows.get(key), row)
        )
        for (const [key, row] of changed) revive(key, row)
        const dead = [...(replacement.tombstones ?? [])].filter(
          ([key, version]) => version >= versionOf(key) && tombstones.get(key) !== version
        )
        for (const [key, version] of dead) bury(key, version)
        return changed.length + dead.length
      })
      return yield* fenced(replacement.fence, write)
    })

    const scan = Effect.fn(`${name}.scan`)(function* (after: Option.Option<string>, limit: number) {
      const isBehind = ([key]: readonly [string, unknown]) =>
        Option.isNone(after) || byCodePoint([after.value, undefined], [key, undefined]) < 0
      const found = [...rows].filter(isBehind).toSorted(byCodePoint).slice(0, limit)
      return yield* Effect.forEach(found, ([key, row]) => Effect.map(decodeRow(key, row), (one) => [key, one] as const))
    })

    const settle = Effect.fn(`${name}.settle`)(function* (attempt: Attempt<V>) {
      const encoded = yield* encodeAll(attempt.rows)
      const settled = Effect.sync(() => {
        const outcome = quarantine.settle(attempt)
        if (outcome === "Ended" || outcome === "Failed") put(encoded, attempt.tombstones)
        return outcome
      })
      return yield* Effect.uninterruptible(Effect.zipLeft(settled, signalled))
    })

    const awaitReceipt = Effect.fn(`${name}.awaitReceipt`)(function* (
      { key, sequence }: { readonly key: string; readonly sequence: number },
      timeout: Duration.DurationInput
    ) {
      /** How the waiting ends now, if it does. */
      const ending = (): Option.Option<Option.Option<Quarantine.Entry>> => {
        if (versionOf(key) >= sequence) return Option.some(Option.none())
        const entry = quarantine.ofKey(key).find((one) => one.sequence <= sequence)
        return Option.map(Option.fromNullable(entry), Option.some)
      }
      // `changes` subscribes before it gives the present value: a commit in between is not missed
      const ended = yield* commits.changes.pipe(
        Stream.filterMap(ending),
        Stream.runHead,
        Effect.timeoutFail({ duration: timeout, onTimeout: () => new ReceiptTimeout({ view: name, key, sequence }) })
      )
      const entry = Option.flatten(ended)
      if (Option.isSome(entry)) return yield* new Quarantined({ view: name, key, sequence, entry: entry.value })
    })

    const awaitOffset = Effect.fn(`${name}.awaitOffset`)(function* (
      consumer: ConsumerId.ConsumerId,
      offset: Offset.Offset,
      timeout: Duration.DurationInput
    ) {
      const there = Stream.filter(commits.changes, () => offsetOf(consumer) >= offset)
      return Option.isSome(yield* Effect.timeoutOption(Stream.runHead(there), timeout))
    })

    const advancedAt = (consumer: ConsumerId.ConsumerId) =>
      Effect.sync(() => Option.fromNullable(times.get(identity(consumer))))
    const quarantined = (consumer: string) => Effect.sync(() => quarantine.entries(consumer))

    return { get, find, load, commit, advancedAt, quarantined, settle, replace, scan, awaitReceipt, awaitOffset }
  })

/** A consumer's identity as one text: JSON keeps its parts apart, whatever characters they hold. */
const identity = ({ name, tag }: ConsumerId.ConsumerId): string => JSON.stringify([name, tag.name, tag.partition])

/** A row with some columns replaced, of the same class as before. */
const overlay = <V extends object>(row: V, where: Partial<V>): V =>
  Object.assign(Object.create(Object.getPrototypeOf(row)), row, where)

/** Whether two encoded values are the same: numbers, texts, nulls, dates, and arrays and records of such. */
export const sameEncoded = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime()
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  return (
    left.size === right.size && [...left].every(([key, value]) => right.has(key) && sameEncoded(value, right.get(key)))
  )
}

/** The order of Unicode code points, which is also that of the UTF-8 bytes. */
const byCodePoint = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => {
  const [left, right] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
