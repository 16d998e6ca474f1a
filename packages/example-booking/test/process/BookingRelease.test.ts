/** What BookingRelease does about the end of a booking. */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Ref, TestClock } from "effect"
import * as E from "../../src/domain/BookingEvent.js"
import { BookingId } from "../../src/domain/Ids.js"
import { Memory } from "../../src/memory.js"
import { release } from "../../src/process/BookingRelease.js"
import { TicketReservation, TicketReservationError } from "../../src/reservation/TicketReservation.js"
import * as fixture from "../domain/fixtures.js"

const bookingId = BookingId.make("b-1")

const happened = (event: E.BookingEvent) =>
  release({ id: "e", key: bookingId, sequence: 3, position: 3, timestamp: 0, metadata: {}, event })

const taken = Effect.flatMap(TicketReservation, (_) =>
  Effect.map(_.seats(fixture.concertId), (all) => all.filter(({ available }) => !available).length)
)
const reserve = Effect.flatMap(TicketReservation, (_) => _.reserve(bookingId, fixture.concertId, fixture.seats))

const confirmed = new E.BookingConfirmed({ tickets: fixture.tickets, expiresAt: Option.none() })
const ends = [
  new E.BookingCancelled({ reason: "ill" }),
  new E.BookingExpired(),
  new E.BookingDenied({ reason: "none left" })
]

it.effect.each(ends)("frees the seats when it is over: $_tag, and again changes nothing", (event) =>
  Effect.gen(function* () {
    yield* reserve
    yield* happened(confirmed)
    yield* happened(new E.BookingPaid({ paymentId: fixture.paymentId }))
    yield* happened(new E.BookingSettled())
    expect(yield* taken).toBe(2)
    yield* Effect.repeatN(happened(event), 2)
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
    const releasing = yield* Effect.fork(
      Effect.provide(happened(new E.BookingExpired()), Layer.succeed(TicketReservation, silent))
    )
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(releasing)
    expect(yield* taken).toBe(0)
  }).pipe(Effect.provide(Memory))
)
