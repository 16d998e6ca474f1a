/** What BookingExpiration does about bookings that are past their time. */
import { expect, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Option, TestClock } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { BookingConfirmed, BookingPlaced, BookingSettled } from "../../src/domain/BookingEvent.js"
import { BookingId } from "../../src/domain/Ids.js"
import { Memory } from "../../src/memory.js"
import { bookingExpiration } from "../../src/process/BookingExpiration.js"
import { DueBookings } from "../../src/view/DueBookings.js"
import * as fixture from "../domain/fixtures.js"

const app = Layer.provideMerge(Booking.layer, Memory)

it.scoped("a booking that meets a defect holds up none of the others", () =>
  Effect.gen(function* () {
    const journal = yield* Booking.BookingJournal
    const broken = BookingId.make("b-0")
    const due = ["b-1", "b-2"].map((id) => BookingId.make(id))
    // nothing that a booking begins with
    yield* journal.append(broken, 0, [new BookingSettled()])
    const { order, tickets } = fixture
    const expiresAt = Option.some(DateTime.unsafeMake(0))
    for (const id of due)
      yield* journal.append(id, 0, [new BookingPlaced(order), new BookingConfirmed({ tickets, expiresAt })])
    yield* TestClock.adjust("1 second")
    const [process] = bookingExpiration.processes
    const found = [...Array.from({ length: 9 }, () => broken), ...due]
    const running = yield* Effect.provideService(process, DueBookings, { due: () => Effect.succeed(found) })
    yield* TestClock.adjust("1 second")
    const booking = yield* Booking.Booking
    for (const id of due) expect((yield* booking(id).Status()).status).toBe("Expired")
    yield* running.shutdown
  }).pipe(Effect.provide(app))
)
