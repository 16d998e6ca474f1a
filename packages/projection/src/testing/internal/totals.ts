/**
 * The journal and the view of the projection suite: sums whose rows tell when an event is missing, doubled or out of
 * order.
 */
import { type EntityEvent, Fold, Journal, Tagging } from "@aecor/core"
import { FastCheck, Option, Schema } from "effect"
import type * as FailurePolicy from "../../FailurePolicy.js"
import * as Projection from "../../Projection.js"
import * as ViewStore from "../../ViewStore.js"

const Opened = Schema.TaggedStruct("Opened", { owner: Schema.String })
const Added = Schema.TaggedStruct("Added", { amount: Schema.Int })
const Noted = Schema.TaggedStruct("Noted", { note: Schema.NullOr(Schema.String) })
const TotalsEvent = Schema.Union(Opened, Added, Noted)

/** What happens to a sum: it is opened first, then added to and noted upon. */
export type TotalsEvent = typeof TotalsEvent.Type

/**
 * The journal that the suite appends to, with 3 tags. An adapter gives it a table of its own.
 *
 * @since 0.1.0
 * @category services
 */
export class TotalsJournal extends Journal.Tag<TotalsJournal>()("TotalsJournal", {
  event: TotalsEvent,
  tagging: Tagging.partitioned("Totals", 3)
}) {}

const Row = Schema.Struct({
  owner: Schema.String,
  total: Schema.Int,
  count: Schema.Int,
  trail: Schema.Int,
  note: Schema.NullOr(Schema.String),
  lastEvent: Schema.String
})

/** A sum as its view holds it. `trail` depends on the order of the amounts, `lastEvent` is the id of the last event. */
export type TotalsRow = typeof Row.Type

/**
 * The view that the suite folds into. An adapter for SQL needs this table, its columns named by the adapter's own rule:
 *
 * ```sql
 * create table totals_view (
 *   key        text    primary key,
 *   version    bigint  not null,
 *   owner      text    not null,
 *   total      integer not null,
 *   count      integer not null,
 *   trail      integer not null,
 *   note       text,
 *   last_event text    not null -- an event's id
 * )
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class TotalsView extends ViewStore.Tag<TotalsView>()("TotalsView", { row: Row }) {}

export const project = (
  view: Option.Option<TotalsRow>,
  { event, id }: EntityEvent.EntityEvent<TotalsEvent>
): TotalsRow => {
  if (event._tag === "Opened") {
    if (Option.isSome(view)) return Fold.impossible("opened twice", event)
    return { owner: event.owner, total: 0, count: 1, trail: 0, note: null, lastEvent: id }
  }
  if (Option.isNone(view)) return Fold.impossible("not opened", event)
  const row = { ...view.value, count: view.value.count + 1, lastEvent: id }
  if (event._tag === "Noted") return { ...row, note: event.note }
  return { ...row, total: row.total + event.amount, trail: (row.trail * 31 + event.amount) % 1_000_003 }
}

const empty: TotalsRow = { owner: "", total: 0, count: 0, trail: 0, note: null, lastEvent: "" }

/** A fold that deletes its row for every third amount, and begins anew after that. */
export const projectDeleting = (
  view: Option.Option<TotalsRow>,
  event: EntityEvent.EntityEvent<TotalsEvent>
): TotalsRow | Option.Option<TotalsRow> => {
  if (event.event._tag === "Opened") return project(view, event)
  if (event.event._tag === "Added" && event.event.amount % 3 === 0) return Option.none()
  return project(Option.some(Option.getOrElse(view, () => empty)), event)
}

/** The projection of the suite, under a name of its own. */
export const totals = (
  name: string,
  options: {
    readonly pageSize?: number
    readonly onFailure?: FailurePolicy.FailurePolicy
    /** Amounts that the fold does not take. */
    readonly poison?: ReadonlySet<number>
    readonly fold?: typeof projectDeleting
  } = {}
): Projection.ViewProjection<TotalsJournal, TotalsEvent, TotalsView, TotalsRow> => {
  const { fold = project, poison, ...rest } = options
  return Projection.exactlyOnce(name, {
    journal: TotalsJournal,
    view: TotalsView,
    project: (view, event) =>
      event.event._tag === "Added" && poison?.has(event.event.amount) === true
        ? Fold.impossible("poisoned", event.event)
        : fold(view, event),
    ...rest
  })
}

/** One append: some events of one of a few keys. */
export interface Append {
  readonly key: number
  readonly events: ReadonlyArray<TotalsEvent>
}

const event: FastCheck.Arbitrary<TotalsEvent> = FastCheck.oneof(
  FastCheck.integer({ min: -1000, max: 1000 }).map((amount) => Added.make({ amount })),
  FastCheck.option(FastCheck.string()).map((note) => Noted.make({ note }))
)

/** Histories of up to 6 keys, interleaved. */
export const appends: FastCheck.Arbitrary<ReadonlyArray<Append>> = FastCheck.array(
  FastCheck.record({ key: FastCheck.nat(5), events: FastCheck.array(event, { minLength: 1, maxLength: 8 }) }),
  { minLength: 1, maxLength: 20 }
)

export const opened = (owner: string): TotalsEvent => Opened.make({ owner })
export const added = (amount: number): TotalsEvent => Added.make({ amount })
