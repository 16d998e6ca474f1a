/**
 * Expires bookings that nobody paid in time: one process for all of them, on a schedule. It asks the view, which may be
 * behind; whether a booking is past its time is decided by the booking itself. What could not be asked this time still
 * stands in the view the next time.
 */
import { Process } from "@aecor/core"
import { DateTime, Effect, Schedule } from "effect"
import { Booking } from "../domain/Booking.js"
import type { BookingId } from "../domain/Ids.js"
import { Settings } from "../Settings.js"
import { DueBookings } from "../view/DueBookings.js"

/** How many are expired at a time, and how many of them at once. */
const most = 1000
const atOnce = 8

const expireOne = (bookingId: BookingId) =>
  Effect.flatMap(Booking, (booking) => booking(bookingId).Expire()).pipe(
    Effect.catchTag("CommandFailed", (error) =>
      Effect.logWarning("a booking was not expired, and is next time", error)
    ),
    // it was paid or changed meanwhile, or this node's clock is ahead of the booking's
    Effect.catchAll(({ message }) => Effect.logDebug(`booking ${bookingId}: ${message}`)),
    // the others are not to wait for it
    Effect.catchAllDefect((defect) => Effect.logError(`booking ${bookingId} met a defect, and was not expired`, defect))
  )

/** Expires what the view says is past its time now. */
const expireDue = Effect.gen(function* () {
  const bookings = yield* DueBookings
  const due = yield* bookings.due(yield* DateTime.now, most)
  yield* Effect.forEach(due, expireOne, { concurrency: atOnce, discard: true })
}).pipe(Effect.withSpan("BookingExpiration"))

export const bookingExpiration = {
  name: "BookingExpiration",
  processes: [
    Process.fromEffect(
      Effect.flatMap(Settings, ({ expireEvery }) => Effect.repeat(expireDue, Schedule.spaced(expireEvery)))
    )
  ]
} as const
