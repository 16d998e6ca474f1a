/**
 * Releases what is held for a booking that is over: cancelled, expired or denied. Releasing is final and may be repeated,
 * and it may come before the confirmation asks for the seats, which are refused then.
 */
import type { EntityEvent } from "@aecor/core"
import { Projection } from "@aecor/projection"
import { Effect } from "effect"
import { BookingJournal } from "../domain/Booking.js"
import type { BookingEvent } from "../domain/BookingEvent.js"
import { BookingId } from "../domain/Ids.js"
import { TicketReservation } from "../reservation/TicketReservation.js"
import { whileSilent } from "./again.js"

const isOver = ({ _tag }: BookingEvent): boolean =>
  _tag === "BookingCancelled" || _tag === "BookingExpired" || _tag === "BookingDenied"

/** What is done about one event. */
export const release = ({ event, key }: EntityEvent.EntityEvent<BookingEvent>) =>
  isOver(event)
    ? Effect.flatMap(TicketReservation, (reservation) => whileSilent(reservation.release(BookingId.make(key))))
    : Effect.void

export const bookingRelease = Projection.atLeastOnce("BookingRelease", { journal: BookingJournal, handle: release })
