import { Replay } from "@aecor/projection"
import type { DateTime } from "effect"
import { BookingJournal } from "../../src/domain/Booking.js"
import { bookingConfirmation } from "../../src/process/BookingConfirmation.js"

// Whatever the handlers did since then they do once more: without saying so, this does not compile.
export const confirmAgain = (since: DateTime.Utc) =>
  Replay.rewind(BookingJournal, bookingConfirmation, { since, repeatEffects: true })
