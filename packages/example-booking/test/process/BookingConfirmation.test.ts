/** What BookingConfirmation does about one event, again and again, and when somebody is faster. */
import { CommandId, ConsumerId } from "@aecor/core"
import { ProcessManager } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Option, Stream, TestClock } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { BookingId } from "../../src/domain/Ids.js"
import { Memory } from "../../src/memory.js"
import { react } from "../../src/process/BookingConfirmation.js"
import { TicketReservation, TicketReservationError } from "../../src/reservation/TicketReservation.js"
import * as fixture from "../domain/fixtures.js"

const app = Layer.provideMerge(Booking.layer, Memory)

const tag = Booking.BookingJournal.tagging.tagOf("b-1")
const bookingId = BookingId.make("b-1")
const other = BookingId.make("b-2")

const booking = (id: BookingId) => Effect.map(Booking.Booking, (_) => _(id))
const place = (id: BookingId) => Effect.flatMap(booking(id), (_) => _.Place(fixture.order))
const cancel = (id: BookingId) => Effect.flatMap(booking(id), (_) => _.Cancel({ reason: "ill" }))

const events = (id: BookingId) =>
  Effect.flatMap(Booking.BookingJournal, (_) => Effect.map(Stream.runCollect(_.read(id, 1)), Chunk.toReadonlyArray))
const kinds = (id: BookingId) => Effect.map(events(id), (all) => all.map(({ event }) => event._tag))

/** Hands the booking's first event to the process, as often as it is delivered. */
const deliver = (id: BookingId) =>
  Effect.flatMap(events(id), ([first]) =>
    first?.event._tag === "BookingPlaced"
      ? react(
          { ...first, event: first.event },
          ProcessManager.sendFor(ConsumerId.make("BookingConfirmation", tag), first)
        )
      : Effect.dieMessage("not placed")
  )

describe("BookingConfirmation", () => {
  it.effect("confirms with the reservation's tickets and expiry", () =>
    Effect.gen(function* () {
      yield* place(bookingId)
      yield* deliver(bookingId)
      const confirmed = (yield* events(bookingId)).at(1)
      const held = yield* Effect.flatMap(TicketReservation, (_) =>
        _.reserve(bookingId, fixture.concertId, fixture.seats)
      )
      expect(confirmed?.event).toMatchObject({ tickets: held.tickets, expiresAt: Option.some(held.expiresAt) })
    }).pipe(Effect.provide(app))
  )

  it.effect("denies with the reason when the seats are taken, and again changes nothing", () =>
    Effect.gen(function* () {
      yield* place(other)
      yield* deliver(other)
      yield* place(bookingId)
      yield* Effect.repeatN(deliver(bookingId), 2)
      const all = yield* events(bookingId)
      expect(all.map(({ event }) => event)).toMatchObject([
        { _tag: "BookingPlaced" },
        { _tag: "BookingDenied", reason: "already booked: row 1 seat 1, row 1 seat 2" }
      ])
    }).pipe(Effect.provide(app))
  )

  it.effect("changes nothing when an event comes again, also to two copies at once", () =>
    Effect.gen(function* () {
      yield* place(bookingId)
      yield* Effect.all([deliver(bookingId), deliver(bookingId), deliver(bookingId)], { concurrency: "unbounded" })
      yield* deliver(bookingId)
      const [placed, ...rest] = yield* events(bookingId)
      const stored = {
        "aecor.command": CommandId.ordered(
          ConsumerId.make("BookingConfirmation", tag),
          placed?.position ?? 0,
          "Confirm"
        ),
        "aecor.commandTag": "Confirm",
        correlationId: placed?.id,
        causationId: placed?.id
      }
      expect(rest.map(({ event, metadata }) => [event._tag, metadata])).toMatchObject([["BookingConfirmed", stored]])
    }).pipe(Effect.provide(app))
  )

  it.effect("goes on when the client has cancelled meanwhile, before or after", () =>
    Effect.gen(function* () {
      yield* place(bookingId)
      yield* cancel(bookingId)
      yield* deliver(bookingId)
      expect(yield* kinds(bookingId)).toEqual(["BookingPlaced", "BookingCancelled"])
      yield* place(other)
      yield* Effect.flatMap(TicketReservation, (_) => _.release(bookingId))
      yield* deliver(other)
      yield* cancel(other)
      yield* deliver(other)
      expect(yield* kinds(other)).toEqual(["BookingPlaced", "BookingConfirmed", "BookingCancelled"])
    }).pipe(Effect.provide(app))
  )

  it.effect("changes nothing when an event comes again after its seats were released", () =>
    Effect.gen(function* () {
      yield* place(bookingId)
      yield* deliver(bookingId)
      yield* Effect.flatMap(TicketReservation, (_) => _.release(bookingId))
      yield* deliver(bookingId)
      expect(yield* kinds(bookingId)).toEqual(["BookingPlaced", "BookingConfirmed"])
    }).pipe(Effect.provide(app))
  )

  it.effect("takes no seats for a booking that was released before its turn", () =>
    Effect.gen(function* () {
      const hall = yield* TicketReservation
      yield* place(bookingId)
      yield* cancel(bookingId)
      yield* hall.release(bookingId)
      yield* deliver(bookingId)
      const seats = yield* hall.seats(fixture.concertId)
      expect(seats.every((seat) => seat.available)).toBe(true)
    }).pipe(Effect.provide(app))
  )

  it.effect("asks again while the reservation does not answer, and confirms when it does", () =>
    Effect.gen(function* () {
      yield* place(bookingId)
      const delivery = yield* Effect.fork(deliver(bookingId).pipe(Effect.provide(silentHall(3))))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(delivery)
      expect(yield* kinds(bookingId)).toEqual(["BookingPlaced", "BookingConfirmed"])
    }).pipe(Effect.provide(app))
  )

  it.effect("fails when the reservation does not answer for long, and leaves the booking as it was", () =>
    Effect.gen(function* () {
      yield* place(bookingId)
      const delivery = yield* Effect.fork(Effect.flip(deliver(bookingId).pipe(Effect.provide(silentHall(1000)))))
      yield* TestClock.adjust("15 seconds")
      expect((yield* Fiber.join(delivery))._tag).toBe("TicketReservationError")
      expect(yield* kinds(bookingId)).toEqual(["BookingPlaced"])
    }).pipe(Effect.provide(app))
  )
})

/** A reservation that does not answer so many times. */
const silentHall = (times: number) =>
  Layer.effect(
    TicketReservation,
    Effect.map(TicketReservation, (hall) => {
      let silences = times
      const { reserve } = hall
      return {
        ...hall,
        reserve: (...request: Parameters<typeof reserve>) =>
          Effect.suspend(() =>
            silences-- > 0 ? new TicketReservationError({ description: "no answer" }) : reserve(...request)
          )
      }
    })
  )
