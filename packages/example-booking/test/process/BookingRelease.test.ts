/** What BookingRelease does about the end of a booking. */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Ref, TestClock } from "effect"
import { BookingId } from "../../src/domain/Ids.js"
import { Memory } from "../../src/memory.js"
import { release } from "../../src/process/BookingRelease.js"
import { TicketReservation, TicketReservationError } from "../../src/reservation/TicketReservation.js"
import * as fixture from "../domain/fixtures.js"

const bookingId = BookingId.make("b-1")

const over = release({ key: bookingId })

const taken = Effect.flatMap(TicketReservation, (_) =>
  Effect.map(_.seats(fixture.concertId), (all) => all.filter(({ available }) => !available).length)
)
const reserve = Effect.flatMap(TicketReservation, (_) => _.reserve(bookingId, fixture.concertId, fixture.seats))

it.effect("frees the seats of a booking that is over, and again changes nothing", () =>
  Effect.gen(function* () {
    yield* reserve
    expect(yield* taken).toBe(2)
    yield* Effect.repeatN(over, 2)
    expect(yield* taken).toBe(0)
    // it came before the confirmation asked, or asks again
    expect(yield* Effect.flip(reserve)).toMatchObject({ _tag: "ReservationReleased" })
  }).pipe(Effect.provide(Memory))
)

it.effect("asks again while the reservation does not answer", () =>
  Effect.gen(function* () {
    yield* reserve
    const silences = yield* Ref.make(3)
    const hall = yield* TicketReservation
    const silent = {
      ...hall,
      release: (id: BookingId) =>
        Effect.flatMap(
          Ref.getAndUpdate(silences, (n) => n - 1),
          (left) => (left > 0 ? new TicketReservationError({ description: "no answer" }) : hall.release(id))
        )
    }
    const releasing = yield* Effect.fork(Effect.provide(over, Layer.succeed(TicketReservation, silent)))
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(releasing)
    expect(yield* taken).toBe(0)
  }).pipe(Effect.provide(Memory))
)
