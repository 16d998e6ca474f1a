import { SideBySide } from "@aecor/projection"
import { Effect, Stream } from "effect"
import { Bookings } from "../../src/view/Bookings.js"
import { bookingView } from "../../src/view/BookingsView.js"
import { nextBookingView } from "../../src/view/NextBookingsView.js"

// While nodes that deploy it fill the next version.
export const goOver = Effect.gen(function* () {
  yield* Stream.runForEach(SideBySide.progress(nextBookingView), ({ done, perSecond, total }) =>
    Effect.log(`${done} of ${total}, ${perSecond} a second`)
  )
  const { different, extra, missing, samples } = yield* SideBySide.verify(bookingView, nextBookingView)
  if (different + extra + missing > 0) return yield* Effect.fail(samples)
  const bookings = yield* Bookings
  return yield* bookings.swap(nextBookingView.name)
})
