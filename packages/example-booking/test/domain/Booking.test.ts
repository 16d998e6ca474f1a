/** The entity: its handlers are the decisions, on the state that the journal makes and the time of the clock. */
import { BehaviorSpec } from "@aecor/core/testing"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, TestClock } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import * as E from "../../src/domain/BookingEvent.js"
import * as R from "../../src/domain/BookingRejection.js"
import { BookingStatus } from "../../src/domain/BookingState.js"
import { Memory } from "../../src/memory.js"
import * as fixture from "./fixtures.js"

// #region given
const { given, thenAnswer, thenEvents, thenRejection } = BehaviorSpec

const booking = (...history: ReadonlyArray<E.BookingEvent>) => given(Booking.Booking, Booking.handlers, ...history)
const { AwaitingConfirmation, Confirmed } = fixture.history
// #endregion

describe("each command is answered by its decision", () => {
  it.effect("Place", () =>
    Effect.map(booking().when("Place", fixture.order), thenEvents(new E.BookingPlaced(fixture.order)))
  )

  it.effect("Confirm", () => {
    const confirmation = { tickets: fixture.tickets, expiresAt: Option.some(fixture.expiresAt) }
    return Effect.map(
      booking(...AwaitingConfirmation).when("Confirm", confirmation),
      thenEvents(new E.BookingConfirmed(confirmation))
    )
  })

  it.effect("Deny", () =>
    Effect.map(
      booking(...AwaitingConfirmation).when("Deny", { reason: "full" }),
      thenEvents(new E.BookingDenied({ reason: "full" }))
    )
  )

  it.effect("Cancel", () =>
    Effect.map(
      booking(...Confirmed).when("Cancel", { reason: "ill" }),
      thenEvents(new E.BookingCancelled({ reason: "ill" }))
    )
  )

  // #region payment
  it.effect("ReceivePayment", () =>
    Effect.map(
      booking(...Confirmed).when("ReceivePayment", { paymentId: fixture.paymentId }),
      thenEvents<E.BookingEvent>(new E.BookingPaid({ paymentId: fixture.paymentId }), new E.BookingSettled())
    )
  )
  // #endregion

  // #region clock
  it.effect("Expire, by the clock", () =>
    Effect.gen(function* () {
      const expire = booking(...Confirmed).when("Expire", undefined)
      yield* TestClock.setTime(fixture.expiresAt.epochMillis)
      thenRejection(new R.TooEarlyToExpire({ expiresAt: Option.some(fixture.expiresAt) }))(yield* expire)
      yield* TestClock.setTime(fixture.tooLate.epochMillis)
      thenEvents(new E.BookingExpired())(yield* expire)
    })
  )
  // #endregion

  it.effect.each(BookingStatus.literals)("Status when %s", (status) =>
    Effect.map(
      booking(...fixture.history[status]).when("Status", undefined),
      thenAnswer({ clientId: fixture.clientId, status })
    )
  )

  it.effect("Status of a booking never placed", () =>
    Effect.map(booking().when("Status", undefined), thenRejection(new R.BookingNotFound()))
  )
})

describe("over the wire", () => {
  it.effect("every rejection arrives by its own name, with its fields", () =>
    Effect.gen(function* () {
      const client = yield* Booking.Booking
      const one = client("b-1")
      const seats = [{ row: 1, number: 1 }] as const
      expect(yield* Effect.flip(one.Status())).toEqual(new R.BookingNotFound())
      expect(yield* Effect.flip(one.Place({ ...fixture.order, seats: [seats[0], seats[0]] }))).toEqual(
        new R.DuplicateSeats({ seats })
      )
      yield* one.Place(fixture.order)
      expect(yield* Effect.flip(one.Place({ ...fixture.order, seats }))).toEqual(new R.BookingAlreadyExists())
      expect(yield* Effect.flip(one.Expire())).toEqual(new R.BookingIsNotConfirmed())
      const expiresAt = Option.some(fixture.expiresAt)
      yield* one.Confirm({ tickets: fixture.tickets, expiresAt })
      expect(yield* Effect.flip(one.Expire())).toEqual(new R.TooEarlyToExpire({ expiresAt }))
      expect(yield* Effect.flip(one.Deny({ reason: "full" }))).toEqual(new R.BookingIsAlreadyConfirmed())
      yield* one.ReceivePayment({ paymentId: fixture.paymentId })
      expect(yield* Effect.flip(one.Cancel({ reason: "ill" }))).toEqual(
        new R.BookingIsAlreadySettled({ paymentId: Option.some(fixture.paymentId) })
      )
    }).pipe(Effect.provide(Layer.provide(Booking.layer, Memory)))
  )
})
