/**
 * What goes on behind the bookings, live: which node runs which process, how far the projections are, what happens to
 * bookings at all, what has happened to one of them, and which payments were refused.
 */
import { DistributedProcessing, type OffsetStore } from "@aecor/core"
import { Lag, type Projection } from "@aecor/projection"
import {
  Array as Arr,
  Chunk,
  Context,
  Effect,
  Layer,
  Option,
  type PubSub,
  RcRef,
  Schema,
  type Scope,
  Stream
} from "effect"
import { BookingJournal } from "../domain/Booking.js"
import { BookingEvent } from "../domain/BookingEvent.js"
import type { BookingId } from "../domain/Ids.js"
import { Payment, PaymentInbox } from "../payment/PaymentInbox.js"
import { deployments, projections } from "../processes.js"
import type { BookingsView } from "../view/BookingsView.js"
import { BookingTail, type Happened } from "./BookingTail.js"
import { type Encoded, encode } from "./LiveAnswer.js"
import * as Newest from "./Newest.js"

/** Of what there is much, the last so many are shown. */
const most = 20

/** How often the processes are looked at. */
const interval = "1 second"

const look = Effect.forEach(deployments, ({ name }) =>
  Effect.map(DistributedProcessing.status(name), (statuses) => ({
    name,
    processes: statuses.map(({ actual, desired, epoch, index, lastError, runner, starts }) => ({
      index,
      runner: Option.getOrNull(runner),
      actual,
      desired,
      epoch,
      starts,
      lastError: Option.getOrNull(lastError)
    }))
  }))
)

/** How often it is counted what the projections have left. */
const lagInterval = "2 seconds"

type Projecting = Pick<
  Projection.Projection<unknown, BookingsView | OffsetStore.OffsetStore>,
  "name" | "offsets" | "quarantine"
>
const projecting: ReadonlyArray<Projecting> = projections

/** What each projection has not handled yet, and for how many seconds the first of it has been waiting. */
const lookForLag = Effect.all(
  projecting.map((projection) =>
    Effect.map(Lag.of(BookingJournal, projection), ({ events, quarantined, seconds }) => ({
      name: projection.name,
      events,
      seconds: Math.round(seconds),
      quarantined
    }))
  )
)

/** How often it is looked for payments that were refused. */
const refusedInterval = "2 seconds"

const encodePayments = Schema.encode(Schema.Array(Payment))

/** The payments whose money is to be given back, or that are to be tried again. */
const lookForRefused = Effect.flatMap(
  Effect.flatMap(PaymentInbox, (inbox) => inbox.refused),
  (all) => encodePayments(all.slice(0, most))
)

type Sources =
  | BookingJournal
  | BookingsView
  | DistributedProcessing.DistributedProcessing
  | OffsetStore.OffsetStore
  | PaymentInbox

export class Machinery extends Context.Tag("example-booking/page/Machinery")<
  Machinery,
  {
    /** All processes as they are, and again whenever anything is different. */
    readonly processes: Stream.Stream<Encoded>
    /** How far each projection is behind, and again whenever that is different. */
    readonly lag: Stream.Stream<Encoded>
    /** The refused payments, the last first, and again whenever they are others. */
    readonly refused: Stream.Stream<Encoded>
  }
>() {}

export const layer: Layer.Layer<Machinery, never, Sources> = Layer.scoped(
  Machinery,
  Effect.gen(function* () {
    const context = yield* Effect.context<Sources>()
    const shared = (read: Effect.Effect<PubSub.PubSub<Encoded>, never, Scope.Scope>) =>
      Effect.map(RcRef.make({ acquire: read }), (newest) =>
        Stream.unwrapScoped(Effect.map(RcRef.get(newest), (published) => Stream.fromPubSub(published)))
      )
    return {
      processes: yield* shared(Newest.publish("processes", Effect.provide(look, context), interval)),
      lag: yield* shared(Newest.publish("lag", Effect.provide(lookForLag, context), lagInterval)),
      refused: yield* shared(Newest.publish("refused", Effect.provide(lookForRefused, context), refusedInterval))
    }
  })
)

const brief = ({ event, key, sequence, timestamp }: Happened) => ({
  bookingId: key,
  sequence,
  at: timestamp,
  type: event._tag
})

/** What happens to bookings, of all nodes: the newest of each half second. */
export const activity = Effect.map(
  Effect.flatMap(BookingTail, (_) => _.subscribe),
  (happened) =>
    happened.pipe(
      Stream.buffer({ capacity: most, strategy: "sliding" }),
      Stream.groupedWithin(most, "500 millis"),
      Stream.map((events) => encode("activity", Arr.map(Chunk.toReadonlyArray(events), brief)))
    )
).pipe(Stream.unwrapScoped)

const encodeEvent = Schema.encode(BookingEvent)

const whole = (happened: Happened) =>
  Effect.map(encodeEvent(happened.event), ({ _tag, ...fields }) => ({ ...brief(happened), fields }))

/** All that has happened to a booking, and again whenever something does. */
export const history = (bookingId: BookingId) =>
  Effect.gen(function* () {
    const journal = yield* BookingJournal
    const happened = yield* Effect.flatMap(BookingTail, (_) => _.subscribe)
    const read = journal.read(bookingId, 1).pipe(
      Stream.mapEffect(whole),
      Stream.runCollect,
      Effect.map((events) => encode("history", { bookingId, events: Chunk.toReadonlyArray(events) }))
    )
    const changes = Stream.filter(happened, ({ key }) => key === bookingId).pipe(
      Stream.buffer({ capacity: 1, strategy: "sliding" }),
      Stream.mapEffect(() => read)
    )
    return Stream.concat(Stream.fromEffect(read), changes)
  }).pipe(Stream.unwrapScoped)
