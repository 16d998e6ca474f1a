/** The code of docs/replay.md, run. */
import { DistributedProcessing, OffsetStore, ProcessLease } from "@aecor/core"
import { ViewAliases } from "@aecor/projection"
import { expect, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Layer, TestClock } from "effect"
import { BookingJournal } from "../src/domain/Booking.js"
import { bookingConfirmation } from "../src/process/BookingConfirmation.js"
import { Bookings } from "../src/view/Bookings.js"
import { bookingView, BookingsView } from "../src/view/BookingsView.js"
import { nextBookingView, NextBookingsView } from "../src/view/NextBookingsView.js"
import * as fixture from "./domain/fixtures.js"
import { confirmAgain } from "./replay/handlers.js"
import { mend } from "./replay/inPlace.js"
import { goOver } from "./replay/sideBySide.js"

const Memory = Layer.mergeAll(DistributedProcessing.layerLocal, Bookings.layer).pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      BookingJournal.layerMemory,
      BookingsView.layerMemory,
      NextBookingsView.layerMemory,
      ViewAliases.layerMemory,
      OffsetStore.layerMemory
    )
  ),
  Layer.provideMerge(ProcessLease.layerMemory)
)

it.scoped("the page's commands find what they need, and do what they say", () =>
  Effect.gen(function* () {
    const journal = yield* BookingJournal
    for (const [key, events] of Object.entries(fixture.history)) yield* journal.append(key, 0, events)
    const { length } = Object.keys(fixture.history)
    yield* DistributedProcessing.start(bookingView.name, bookingView.processes)
    yield* DistributedProcessing.start(nextBookingView.name, nextBookingView.processes)
    const lease = yield* ProcessLease.ProcessLease
    yield* lease.register(bookingConfirmation.name, bookingConfirmation.processes.length)
    const ever = DateTime.unsafeMake(0)
    const done = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
      const fiber = yield* Effect.fork(effect)
      yield* TestClock.adjust("30 seconds")
      return yield* Fiber.join(fiber)
    })
    expect(yield* done(goOver)).toEqual({ from: bookingView.name, to: nextBookingView.name })
    expect(yield* done(mend(ever))).toMatchObject({ keys: length, changed: 0, failed: 0 })
    expect(yield* done(confirmAgain(ever))).toEqual([])
  }).pipe(Effect.provide(Memory))
)
