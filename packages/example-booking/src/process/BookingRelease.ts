/**
 * Releases what is held for a booking that is over: cancelled, expired or denied. Releasing is final and may be repeated,
 * and it may come before the confirmation asks for the seats, which are refused then.
 */
import type { EntityEvent } from "@aecor/core"
import { Projection } from "@aecor/projection"
import { Effect } from "effect"
import { BookingJournal } from "../domain/Booking.js"
import { BookingId } from "../domain/Ids.js"
import { TicketReservation } from "../reservation/TicketReservation.js"
import { whileSilent } from "./again.js"

/** What is done about an event that ends a booking. */
export const release = ({ key }: Pick<EntityEvent.EntityEvent<unknown>, "key">) =>
  Effect.flatMap(TicketReservation, (reservation) => whileSilent(reservation.release(BookingId.make(key))))

export const bookingRelease = Projection.atLeastOnce("BookingRelease", {
  journal: BookingJournal,
  only: ["BookingCancelled", "BookingExpired", "BookingDenied"],
  handle: release
})
