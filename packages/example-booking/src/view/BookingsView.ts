/**
 * The view `bookings` and the projection that keeps it: one process a tag.
 */
import { Projection, ViewStore } from "@aecor/projection"
import { BookingJournal } from "../domain/Booking.js"
import { BookingRow, project } from "./BookingRow.js"

export class BookingsView extends ViewStore.Tag<BookingsView>()("bookings", { row: BookingRow }) {}

export const bookingView = Projection.exactlyOnce("BookingViewProjection", {
  journal: BookingJournal,
  view: BookingsView,
  project
})
