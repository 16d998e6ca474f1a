/**
 * The booking as an entity: its journal, its protocol, and the decisions as its handlers.
 */
import { EventSourced, Journal, Tagging } from "@aecor/core"
import { Effect } from "effect"
import * as Command from "./BookingCommand.js"
import * as Decision from "./BookingDecision.js"
import { BookingEvent } from "./BookingEvent.js"
import { BookingNotFound } from "./BookingRejection.js"
import { fold } from "./BookingState.js"

/** The events of all bookings. The partitions are stored with them: `ops repartition` changes their number. */
export class BookingJournal extends Journal.Tag<BookingJournal>()("BookingJournal", {
  event: BookingEvent,
  tagging: Tagging.partitioned("Booking", 20)
}) {}

/** One booking a key. */
export class Booking extends EventSourced.Tag<Booking>()("Booking", {
  journal: BookingJournal,
  fold,
  protocol: [
    Command.Place,
    Command.Confirm,
    Command.Deny,
    Command.Cancel,
    Command.ReceivePayment,
    Command.Expire,
    Command.Status
  ]
}) {}

export const handlers = Booking.handlers({
  Place: EventSourced.decide(Decision.place),
  Confirm: EventSourced.decide(Decision.confirm),
  Deny: EventSourced.decide(Decision.deny),
  Cancel: EventSourced.decide(Decision.cancel),
  ReceivePayment: EventSourced.decide(Decision.receivePayment),
  Expire: EventSourced.decide(Decision.expire),
  Status: (_, session) =>
    Effect.flatMap(session.state, (state) =>
      state._tag === "NotPlaced"
        ? new BookingNotFound()
        : Effect.succeed({ clientId: state.order.clientId, status: state._tag })
    )
})

/** Serves bookings on this node. */
export const layer = Booking.layer(handlers)
