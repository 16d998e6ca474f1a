import { Repartition } from "@aecor/projection"
import { Effect } from "effect"
import { BookingJournal } from "../../src/domain/Booking.js"
import { bookingConfirmation } from "../../src/process/BookingConfirmation.js"
import { bookingView } from "../../src/view/BookingsView.js"

// Needs the journal, the stores of the projections' offsets, and the leases: no cluster.
export const repartition = Effect.gen(function* () {
  const { partitions, projections, since } = yield* Repartition.run(BookingJournal, [bookingView, bookingConfirmation])
  yield* Effect.log(`${partitions} partitions since position ${since}`, projections)
})
