/**
 * A view whose rows are not an entity's: events of many entities, in all partitions and of several journals, write to one
 * row, as to a client's or a day's.
 *
 * Each partition keeps a part of the row that only its own process writes, so no two processes ever wait for each other,
 * and a query merges the parts. A part has the position of the last event folded into it as its version, and is kept in an
 * ordinary view under the key `["<key>","<tag>",<partition>]`, a JSON array. The order of events is that of a partition;
 * between partitions there is none, so `merge` should not depend on one.
 *
 * Guarantees: a part is the fold of its partition's events, each once, in their order; rows that are deleted stay so until a
 * later event writes to them; `awaitReceipt` waits for one's own write. Not guaranteed: that parts are of one moment.
 *
 * @since 0.1.0
 */
import {
  ConsumerId,
  type EntityEvent,
  type EventSourced,
  type Journal,
  type JournalError,
  Process,
  ProcessContext,
  Tagging
} from "@aecor/core"
import { type Duration, Effect, Option } from "effect"
import * as FailurePolicy from "./FailurePolicy.js"
import * as ExactlyOnce from "./internal/exactlyOnce.js"
import * as keptIn from "./internal/keptIn.js"
import * as Receipt from "./internal/mergedReceipt.js"
import { checkPageSize } from "./internal/pages.js"
import { retryPart } from "./internal/retryPart.js"
import { retryEach } from "./internal/retryEach.js"
import type { Projection, SetAside } from "./Projection.js"
import type * as ViewStore from "./ViewStore.js"

/**
 * A merged view: where its parts are kept, the tags of the journals that write to it, and how two parts become one.
 *
 * @since 0.1.0
 * @category models
 */
export interface MergedView<VS, V> {
  readonly parts: ViewStore.Any<VS, V>
  readonly tags: ReadonlyArray<Tagging.EventTag>
  readonly merge: (one: V, other: V) => V
}

/**
 * A merged view over the journals that write to it. Its parts are in an ordinary view, with a table of its own.
 *
 * Throws a `RangeError` when the taggings of two journals have one name: their parts could not be told apart.
 *
 * @example
 * ```ts
 * class ClientParts extends ViewStore.Tag<ClientParts>()("client_parts", { row: ClientRow }) {}
 * const clients = MergedView.make(ClientParts, { journals: [BookingJournal], merge: (a, b) => ({ … }) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <VS, V>(
  parts: ViewStore.Any<VS, V>,
  options: {
    readonly journals: ReadonlyArray<{ readonly tagging: Pick<Tagging.Tagging, "name" | "tags"> }>
    readonly merge: (one: NoInfer<V>, other: NoInfer<V>) => NoInfer<V>
  }
): MergedView<VS, V> => {
  const names = options.journals.map(({ tagging }) => tagging.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) {
    throw new RangeError(`view ${parts.label}: two journals have the tagging ${JSON.stringify(twice)}`)
  }
  return { parts, tags: options.journals.flatMap(({ tagging }) => tagging.tags), merge: options.merge }
}

/** The key of a row's part. */
const partOf = (key: string, { name, partition }: Tagging.EventTag): string => JSON.stringify([key, name, partition])

/** The key of the row that a part belongs to. */
const keyOf = (part: string): string => {
  const parsed: unknown = JSON.parse(part)
  return Array.isArray(parsed) ? String(parsed[0]) : part
}

const pageSize = 1000

/**
 * The row of a key, merged of its parts in the order of the tags; none where it has no part. One read.
 *
 * @since 0.1.0
 * @category combinators
 */
export const get = <VS, V>(
  view: MergedView<VS, V>,
  key: string
): Effect.Effect<Option.Option<V>, ViewStore.ViewStoreError, VS> =>
  Effect.gen(function* () {
    const store = yield* view.parts
    const keys = view.tags.map((tag) => partOf(key, tag))
    const { rows } = yield* store.load(reader, keys)
    return merged(
      view,
      keys.flatMap((part) => rows.get(part)?.view ?? [])
    )
  }).pipe(Effect.withSpan("MergedView.get"))

/** Nobody's offset: rows are loaded with one. */
const reader = ConsumerId.make("MergedView", Tagging.tag("MergedView"))

const merged = <V>({ merge }: Pick<MergedView<never, V>, "merge">, parts: ReadonlyArray<V>): Option.Option<V> => {
  const [first, ...others] = parts
  return first === undefined ? Option.none() : Option.some(others.reduce(merge, first))
}

/**
 * All rows by their keys. It reads the whole view, a page at a time: a view with many rows is better asked in SQL.
 *
 * @since 0.1.0
 * @category combinators
 */
export const all = <VS, V>(
  view: MergedView<VS, V>
): Effect.Effect<ReadonlyMap<string, V>, ViewStore.ViewStoreError, VS> =>
  Effect.gen(function* () {
    const store = yield* view.parts
    const rows = new Map<string, V>()
    let after = Option.none<string>()
    while (true) {
      const page = yield* store.scan(after, pageSize)
      for (const [part, row] of page) {
        const key = keyOf(part)
        const before = rows.get(key)
        rows.set(key, before === undefined ? row.view : view.merge(before, row.view))
      }
      after = Option.map(Option.fromNullable(page.at(-1)), ([part]) => part)
      if (Option.isNone(after)) return rows
    }
  }).pipe(Effect.withSpan("MergedView.all"))

/**
 * A projection of a journal into a merged view, and what it was made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface MergedProjection<JS, E, VS, V> extends Projection<
  JS | VS | ProcessContext.ProcessContext,
  VS,
  JS | VS
> {
  readonly journal: Journal.Any<JS, E>
  readonly view: MergedView<VS, V>
  readonly keys: (event: EntityEvent.EntityEvent<E>) => ReadonlyArray<string>
}

/**
 * Waits until the merged rows show what an entity has stored up to a receipt: reading one's own write, from any node. It
 * reads the receipt's event and waits for its partition's offset; of a view over several journals it is the projection of
 * the entity's journal that is asked.
 *
 * Returns at once where the offset is there already, also where the events write to no row; a receipt of sequence 0 waits
 * for nothing. Fails with `Quarantined` where a row that the entity's events write to waits for one of them or an earlier
 * one: at once where it is set aside already, otherwise when the offset comes to the receipt, or in the end. Where the
 * quarantine is not empty the entity's events are read. A receipt that the journal does not know is a `ReceiptTimeout`, at
 * once.
 *
 * @example
 * ```ts
 * const receipt = yield* order.receipts("o-1").Place({ client: "ann", … })
 * yield* MergedView.awaitReceipt(clientView, receipt, "2 seconds")
 * const ann = yield* MergedView.get(clients, "ann")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const awaitReceipt = <JS, E, VS, V>(
  { journal, keys, name, view }: MergedProjection<JS, E, VS, V>,
  receipt: Pick<EventSourced.Receipt<unknown>, "key" | "sequence">,
  timeout: Duration.DurationInput
): Effect.Effect<
  void,
  ViewStore.ReceiptTimeout | ViewStore.Quarantined | ViewStore.ViewStoreError | JournalError.JournalError,
  JS | VS
> =>
  Effect.gen(function* () {
    const tag = journal.tagging.tagOf(receipt.key)
    const source = {
      projection: name,
      view: view.parts.label,
      journal: yield* journal,
      store: yield* view.parts,
      tag,
      rowsOf: writtenBy(keys, tag)
    }
    yield* Receipt.awaitReceipt(source, receipt, timeout)
  }).pipe(Effect.withSpan("MergedView.awaitReceipt"))

/** The parts that an event of a partition writes to. */
const writtenBy =
  <E>(keys: (event: EntityEvent.EntityEvent<E>) => ReadonlyArray<string>, tag: Tagging.EventTag) =>
  (event: EntityEvent.EntityEvent<E>): ReadonlyArray<string> =>
    keys(event).map((key) => partOf(key, tag))

/**
 * A projection of a journal into a merged view: as `Projection.exactlyOnce`, with `keys` to say which rows an event writes
 * to, none or several. `project` gets its partition's part of each, and the row's key.
 *
 * Where an event cannot be folded into a row and the policy sets it aside, it is the part that waits, under the key that is
 * listed; its events of all entities wait in their order, and are folded onto the stored part when it is tried again, which
 * reads the partition from there on. Where `keys` throws there is no row to be set aside: the process ends.
 *
 * Throws a `RangeError` when `pageSize` is not a positive integer, or the view was not made over the journal.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exactlyOnce = <JS, E extends { readonly _tag: string }, VS, V>(
  name: string,
  options: {
    readonly journal: Journal.Any<JS, E>
    readonly view: MergedView<VS, V>
    readonly keys: (event: EntityEvent.EntityEvent<NoInfer<E>>) => ReadonlyArray<string>
    readonly project: (
      view: Option.Option<NoInfer<V>>,
      event: EntityEvent.EntityEvent<NoInfer<E>>,
      key: string
    ) => NoInfer<V> | Option.Option<NoInfer<V>>
    readonly onFailure?: FailurePolicy.FailurePolicy
    readonly pageSize?: number
  }
): MergedProjection<JS, E, VS, V> => {
  const { journal, keys, onFailure: policy = FailurePolicy.halt, view } = options
  const size = checkPageSize(name, options.pageSize ?? pageSize)
  if (!journal.tagging.tags.every((tag) => view.tags.some((one) => Tagging.isSame(one, tag)))) {
    throw new RangeError(`projection ${name}: the view ${view.parts.label} is not over the journal ${journal.label}`)
  }
  const project = (row: Option.Option<V>, event: EntityEvent.EntityEvent<E>, part: string): Option.Option<V> => {
    const next = options.project(row, event, keyOf(part))
    return Option.isOption(next) ? next : Option.some(next)
  }
  const rowsOf = (tag: Tagging.EventTag) => writtenBy(keys, tag)
  const retryIn = (events: Journal.Journal<E>, store: ViewStore.ViewStore<V>) =>
    retryPart<V, E>({ projection: name, project, rowsOf, journal: events, store })
  const quarantine: SetAside<VS, JS | VS> = {
    entries: Effect.flatMap(view.parts, (store) => store.quarantined(name)),
    retry: (key) =>
      Effect.gen(function* () {
        const store = yield* view.parts
        return yield* retryEach(yield* store.quarantined(name), key, retryIn(yield* journal, store))
      })
  }
  return {
    name,
    journal,
    view,
    keys,
    offsets: keptIn.view(view.parts),
    quarantine,
    processes: journal.tagging.tags.map((tag) =>
      Effect.gen(function* () {
        const events = yield* journal
        const store = yield* view.parts
        const fence = yield* ProcessContext.ProcessContext
        return yield* Process.fromEffect(
          ExactlyOnce.run<V, E>({
            consumer: ConsumerId.make(name, tag),
            view: view.parts.label,
            journal: events,
            store,
            fence,
            project,
            policy,
            pageSize: size,
            rowsOf: rowsOf(tag),
            retry: retryIn(events, store)
          })
        )
      })
    )
  }
}
