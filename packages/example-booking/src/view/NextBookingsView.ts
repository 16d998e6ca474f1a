/**
 * The next version of the view `bookings`, with a table and a projection of its own: its rows also say what the tickets
 * cost. A node that is started with `NEXT_VIEW=true` fills it; it is not read before it serves (`Bookings`).
 */
import { Projection, ViewStore } from "@aecor/projection"
import { Schema } from "effect"
import { BookingJournal } from "../domain/Booking.js"
import { Money } from "../domain/Money.js"
import * as Ticket from "../domain/Ticket.js"
import { BookingRow, project } from "./BookingRow.js"

/** A row of the version before, and `total`: the price of all tickets, 0 until they are confirmed. */
const NextBookingRow = Schema.Struct({ ...BookingRow.fields, total: Money })

export class NextBookingsView extends ViewStore.Tag<NextBookingsView>()("bookings_2", { row: NextBookingRow }) {}

export const nextBookingView = Projection.exactlyOnce("BookingViewProjection2", {
  journal: BookingJournal,
  view: NextBookingsView,
  project: (row, event) => {
    const next = project(row, event)
    return { ...next, total: Ticket.total(next.tickets) }
  }
})
