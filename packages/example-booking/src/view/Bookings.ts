/** The bookings as queries read them: whichever version of the view serves. */
import { ViewAlias } from "@aecor/projection"
import { bookingView } from "./BookingsView.js"
import { nextBookingView } from "./NextBookingsView.js"

export class Bookings extends ViewAlias.Tag<Bookings>()("bookings", { versions: [bookingView, nextBookingView] }) {}
