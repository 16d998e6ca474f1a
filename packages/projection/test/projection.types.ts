// What the compiler promises to users of projections. Compiled, never run.
import {
  DistributedProcessing,
  type EntityEvent,
  type EventSourced,
  Journal,
  type Lease,
  type OffsetStore,
  type Process,
  type ProcessContext,
  type ProcessLease,
  Tagging
} from "@aecor/core"
import {
  AsOf,
  Committable,
  FailurePolicy,
  Projection,
  Replay,
  ViewAlias,
  type ViewAliases,
  ViewStore
} from "@aecor/projection"
import { Context, Effect, type Layer, Option, Schema, type Scope, type Stream } from "effect"

type Equal<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const same = <_Proof extends true>(): void => undefined

class Placed extends Schema.TaggedClass<Placed>()("Placed", { clientId: Schema.String }) {}
class Cancelled extends Schema.TaggedClass<Cancelled>()("Cancelled", { at: Schema.Date }) {}
const BookingEvent = Schema.Union(Placed, Cancelled)
type BookingEvent = typeof BookingEvent.Type

class BookingJournal extends Journal.Tag<BookingJournal>()("BookingJournal", {
  event: BookingEvent,
  tagging: Tagging.partitioned("Booking", 4)
}) {}

class BookingRow extends Schema.Class<BookingRow>("BookingRow")({
  clientId: Schema.String,
  cancelledAt: Schema.OptionFromNullOr(Schema.Date)
}) {}
class BookingsView extends ViewStore.Tag<BookingsView>()("bookings", { row: BookingRow }) {}

same<Equal<typeof BookingsView.key, "@aecor/ViewStore/bookings">>()
same<Equal<Context.Tag.Service<BookingsView>, ViewStore.ViewStore<BookingRow>>>()
same<Equal<typeof BookingsView.layerMemory, Layer.Layer<BookingsView, never, ProcessLease.ProcessLease>>>()
same<Equal<typeof BookingsView.row.Encoded, { readonly clientId: string; readonly cancelledAt: string | null }>>()

const Found = Effect.flatMap(BookingsView, (view) => view.find({ clientId: "c" }))
same<Equal<typeof Found, Effect.Effect<ReadonlyArray<BookingRow>, ViewStore.ViewStoreError, BookingsView>>>()
// @ts-expect-error no such column
export const noColumn = Effect.flatMap(BookingsView, (view) => view.find({ client: "c" }))
// @ts-expect-error a column of another type
export const wrongColumn = Effect.flatMap(BookingsView, (view) => view.find({ clientId: 1 }))

declare const receipt: EventSourced.Receipt<Date>
const awaited = Effect.flatMap(BookingsView, (view) => view.awaitReceipt(receipt, "1 second"))
type AwaitError = ViewStore.ReceiptTimeout | ViewStore.Quarantined | ViewStore.ViewStoreError
same<Equal<typeof awaited, Effect.Effect<void, AwaitError, BookingsView>>>()

const bookings = Projection.exactlyOnce("BookingViewProjection", {
  journal: BookingJournal,
  view: BookingsView,
  project: (view, entity) => {
    same<Equal<typeof view, Option.Option<BookingRow>>>()
    same<Equal<typeof entity, EntityEvent.EntityEvent<BookingEvent>>>()
    const before = Option.getOrElse(view, () => new BookingRow({ clientId: "", cancelledAt: Option.none() }))
    const { event } = entity
    return event._tag === "Placed"
      ? new BookingRow({ ...before, clientId: event.clientId })
      : new BookingRow({ ...before, cancelledAt: Option.some(event.at) })
  }
})
type Needs = BookingJournal | BookingsView | ProcessContext.ProcessContext
same<Equal<typeof bookings, Projection.ViewProjection<BookingJournal, BookingEvent, BookingsView, BookingRow>>>()
export const plain: Projection.Projection<Needs, BookingsView> = bookings
same<Equal<typeof bookings.processes, ReadonlyArray<Process.Process<never, Needs>>>>()

const deployed = DistributedProcessing.deploy(bookings.name, bookings.processes)
type DeployError = Lease.DeploymentExists | Lease.DeploymentMismatch | Lease.ProcessLeaseError
type Deployed = DistributedProcessing.DistributedProcessing | BookingJournal | BookingsView
same<Equal<typeof deployed, Layer.Layer<never, DeployError, Deployed>>>()

Projection.exactlyOnce("WrongRow", {
  journal: BookingJournal,
  view: BookingsView,
  // @ts-expect-error not a row of the view
  project: () => ({ clientId: "c" })
})
Projection.exactlyOnce("Effectful", {
  journal: BookingJournal,
  view: BookingsView,
  // @ts-expect-error a fold is pure
  project: () => Effect.succeed(new BookingRow({ clientId: "", cancelledAt: Option.none() }))
})
Projection.exactlyOnce("WrongEvent", {
  journal: BookingJournal,
  view: BookingsView,
  // @ts-expect-error not the journal's events
  project: (_, event: EntityEvent.EntityEvent<{ readonly _tag: "Other" }>) =>
    new BookingRow({ clientId: event.event._tag, cancelledAt: Option.none() })
})
// @ts-expect-error a journal is no view
Projection.exactlyOnce("NoView", { journal: BookingJournal, view: BookingJournal, project: () => "x" })
// @ts-expect-error rows are objects
export const noRows = ViewStore.Tag<BookingsView>()("numbers", { row: Schema.Number })

class Tickets extends Context.Tag("Tickets")<
  Tickets,
  { readonly reserve: (id: string) => Effect.Effect<void, "Sold"> }
>() {}
declare const connect: Effect.Effect<void, never, Scope.Scope>

const confirmation = Projection.atLeastOnce("BookingConfirmation", {
  journal: BookingJournal,
  handle: (entity) =>
    Effect.gen(function* () {
      same<Equal<typeof entity, EntityEvent.EntityEvent<BookingEvent>>>()
      yield* connect
      const tickets = yield* Tickets
      yield* tickets.reserve(entity.key)
    })
})
type ConfirmationNeeds = BookingJournal | OffsetStore.OffsetStore | ProcessContext.ProcessContext | Tickets
type RetryNeeds = BookingJournal | OffsetStore.OffsetStore | Tickets
same<Equal<typeof confirmation, Projection.Projection<ConfirmationNeeds, OffsetStore.OffsetStore, RetryNeeds>>>()

Projection.atLeastOnce("NoEffect", {
  journal: BookingJournal,
  // @ts-expect-error a handler is an Effect
  handle: (entity) => entity.key
})

// What can be replayed: views. Handlers have effects that a replay would repeat.
const replayed = Replay.inPlace(bookings, "all")
type Replays = BookingJournal | BookingsView | ProcessLease.ProcessLease
same<Equal<typeof replayed, Effect.Effect<Replay.Report, Replay.ReplayError, Replays>>>()
// @ts-expect-error handlers cannot be replayed
export const repeated = Replay.inPlace(confirmation, "all")
// @ts-expect-error nor tried out
export const tried = Replay.dryRun(confirmation, "all")
const then = AsOf.row(bookings, "b-1", { position: 1 })
same<Equal<Effect.Effect.Success<typeof then>, Option.Option<ViewStore.Versioned<BookingRow>>>>()
export const agreed = Replay.rewind(BookingJournal, confirmation, { after: 1, repeatEffects: true })
// @ts-expect-error that effects are repeated has to be said
export const unsaid = Replay.rewind(BookingJournal, confirmation, { after: 1 })
// @ts-expect-error and agreed to
export const denied = Replay.rewind(BookingJournal, confirmation, { after: 1, repeatEffects: false })

// The versions of a view: rows of a later one have the fields of the first at least.
class WiderRow extends BookingRow.extend<WiderRow>("WiderRow")({ total: Schema.Number }) {}
class WiderView extends ViewStore.Tag<WiderView>()("bookings_2", { row: WiderRow }) {}
class OtherView extends ViewStore.Tag<OtherView>()("other", { row: Schema.Struct({ clientId: Schema.Number }) }) {}
const wider = Projection.exactlyOnce("BookingViewProjection2", {
  journal: BookingJournal,
  view: WiderView,
  project: () => new WiderRow({ clientId: "", cancelledAt: Option.none(), total: 0 })
})
const other = Projection.exactlyOnce("Other", {
  journal: BookingJournal,
  view: OtherView,
  project: () => ({ clientId: 1 })
})
class Served extends ViewAlias.Tag<Served>()("served", { versions: [bookings, wider] }) {}
same<Equal<Context.Tag.Service<Served>, ViewAlias.ViewAlias<BookingRow>>>()
same<Equal<typeof Served.layer, Layer.Layer<Served, never, BookingsView | WiderView | ViewAliases.ViewAliases>>>()
// @ts-expect-error rows that are not readable as the first version's
export const unlike = ViewAlias.Tag<Served>()("served", { versions: [bookings, other] })
// @ts-expect-error handlers make no version
export const noRow = ViewAlias.Tag<Served>()("served", { versions: [confirmation] })

// Pages have no keys that could be set aside.
const pages = { journal: BookingJournal, consume: <A, E, R>(given: Stream.Stream<A, E, R>) => given }
export const halting = Committable.consume("Pages", { ...pages, onFailure: FailurePolicy.halt })
// @ts-expect-error a policy that sets keys aside
export const aside = () => Committable.consume("Pages", { ...pages, onFailure: FailurePolicy.quarantine() })

// with `only`, a handler is given events of these types
Projection.atLeastOnce("Placed", {
  journal: BookingJournal,
  only: ["Placed"],
  handle: ({ event }) => Effect.sync(() => same<Equal<typeof event, Placed>>())
})
Projection.atLeastOnce("All", {
  journal: BookingJournal,
  handle: ({ event }) => Effect.sync(() => same<Equal<(typeof event)["_tag"], "Placed" | "Cancelled">>())
})
Projection.atLeastOnce("Unknown", {
  journal: BookingJournal,
  // @ts-expect-error: the journal has no such events
  only: ["Moved"],
  handle: () => Effect.void
})
