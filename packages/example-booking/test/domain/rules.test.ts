/** The rule table of the booking, cell by cell, and the rules beside it. */
import { BehaviorSpec } from "@aecor/core/testing"
import { describe, expect, it } from "@effect/vitest"
import { type DateTime, Either, Option } from "effect"
import * as Decision from "../../src/domain/BookingDecision.js"
import * as E from "../../src/domain/BookingEvent.js"
import * as R from "../../src/domain/BookingRejection.js"
import { type BookingState, BookingStatus, fold } from "../../src/domain/BookingState.js"
import { ClientId, ConcertId } from "../../src/domain/Ids.js"
import * as Money from "../../src/domain/Money.js"
import * as fixture from "./fixtures.js"

const { given, thenEvents, thenRejection } = BehaviorSpec

describe("the rule table", () => {
  // #region table
  const rows = table`
                    | AwaitingConfirmation             | Confirmed                    | Denied          | Cancelled                | Expired          | Settled
    Confirm         | BookingConfirmed                 | ignore                       | BookingIsDenied | BookingIsAlreadyCanceled | BookingIsExpired | ignore
    Confirm free    | BookingConfirmed + BookingSettled| ignore                       | BookingIsDenied | BookingIsAlreadyCanceled | BookingIsExpired | ignore
    Deny            | BookingDenied                    | BookingIsAlreadyConfirmed    | ignore          | BookingIsAlreadyCanceled | BookingIsExpired | BookingIsAlreadyConfirmed
    Cancel          | BookingCancelled                 | BookingCancelled             | ignore          | ignore                   | ignore           | BookingIsAlreadySettled
    ReceivePayment  | BookingIsNotConfirmed            | BookingPaid + BookingSettled | BookingIsDenied | BookingIsAlreadyCanceled | BookingIsExpired | ignore
    Another payment | BookingIsNotConfirmed            | BookingPaid + BookingSettled | BookingIsDenied | BookingIsAlreadyCanceled | BookingIsExpired | BookingIsAlreadySettled
    Expire too late | BookingIsNotConfirmed            | BookingExpired               | ignore          | ignore                   | ignore           | BookingIsAlreadySettled
    Expire in time  | BookingIsNotConfirmed            | TooEarlyToExpire             | ignore          | ignore                   | ignore           | BookingIsAlreadySettled
  `
  it.each(rows)("$command when $status: $outcome", ({ command, outcome, status }) => {
    expect(named(commands[command]?.(given(fold, ...fixture.history[status]).state))).toBe(outcome)
  })
  // #endregion

  it("has a row for every command and a column for every state", () => {
    expect(rows.length).toBe(Object.keys(commands).length * BookingStatus.literals.length)
  })

  it.each(Object.keys(commands))("%s of a booking never placed: BookingNotFound", (command) => {
    expect(named(commands[command]?.(fold.initial))).toBe("BookingNotFound")
  })
})

describe("placing", () => {
  it("a new booking is placed", () => {
    given(fold)
      .when(Decision.place, fixture.order)
      .pipe(thenEvents(new E.BookingPlaced(fixture.order)))
  })

  it.each(BookingStatus.literals)("the very same order again is ignored when %s", (status) => {
    given(fold, ...fixture.history[status])
      .when(Decision.place, fixture.order)
      .pipe(thenEvents())
  })

  it.each(BookingStatus.literals)("another order under the same id is refused when %s", (status) => {
    const others = [
      { ...fixture.order, clientId: ClientId.make("bob") },
      { ...fixture.order, concertId: ConcertId.make("concertB") },
      { ...fixture.order, seats: [{ row: 9, number: 9 }] as const }
    ]
    for (const other of others) {
      given(fold, ...fixture.history[status])
        .when(Decision.place, other)
        .pipe(thenRejection(new R.BookingAlreadyExists()))
    }
  })

  it("a seat twice is refused, and named", () => {
    const twice = { row: 3, number: 4 }
    given(fold)
      .when(Decision.place, { ...fixture.order, seats: [twice, { row: 3, number: 5 }, twice, twice] })
      .pipe(thenRejection(new R.DuplicateSeats({ seats: [twice] })))
  })

  it("ten seats are taken, eleven refused", () => {
    const row = (length: number) => ({ ...fixture.order, seats: seatsOfRow(length) })
    given(fold)
      .when(Decision.place, row(10))
      .pipe(thenEvents(new E.BookingPlaced(row(10))))
    given(fold)
      .when(Decision.place, row(11))
      .pipe(thenRejection(new R.TooManySeats({ requested: 11, maximum: 10 })))
  })
})

describe("confirming", () => {
  it("settles at once what costs nothing, or less", () => {
    const costs = (amount: bigint) => [{ seat: { row: 1, number: 1 }, price: Money.of(amount) }] as const
    const settles = (amount: bigint) =>
      named(Decision.confirm(awaiting, { tickets: costs(amount), expiresAt: Option.none() })).includes("BookingSettled")
    expect([settles(-1n), settles(0n), settles(1n)]).toEqual([true, true, false])
  })

  it("a free booking is settled by no payment, so any payment is refused", () => {
    const free = new E.BookingConfirmed({ tickets: fixture.freeTickets, expiresAt: Option.none() })
    given(fold, ...fixture.history.AwaitingConfirmation, free, new E.BookingSettled())
      .when(Decision.receivePayment, { paymentId: fixture.paymentId })
      .pipe(thenRejection(new R.BookingIsAlreadySettled({ paymentId: Option.none() })))
  })
})

describe("rejections say what the caller needs", () => {
  it("why it was denied, why cancelled, when it expires, what settled it", () => {
    const pay = { paymentId: fixture.otherPaymentId }
    given(fold, ...fixture.history.Denied)
      .when(Decision.receivePayment, pay)
      .pipe(thenRejection(new R.BookingIsDenied({ reason: fixture.denied })))
    given(fold, ...fixture.history.Cancelled)
      .when(Decision.receivePayment, pay)
      .pipe(thenRejection(new R.BookingIsAlreadyCanceled({ reason: fixture.cancelled })))
    given(fold, ...fixture.history.Expired)
      .when(Decision.receivePayment, pay)
      .pipe(thenRejection(new R.BookingIsExpired({ expiresAt: Option.some(fixture.expiresAt) })))
    given(fold, ...fixture.history.Confirmed)
      .when(Decision.expire, undefined, fixture.expiresAt)
      .pipe(thenRejection(new R.TooEarlyToExpire({ expiresAt: Option.some(fixture.expiresAt) })))
    given(fold, ...fixture.history.Settled)
      .when(Decision.receivePayment, pay)
      .pipe(thenRejection(new R.BookingIsAlreadySettled({ paymentId: Option.some(fixture.paymentId) })))
  })

  it("a booking without an expiry never expires", () => {
    const forever = new E.BookingConfirmed({ tickets: fixture.tickets, expiresAt: Option.none() })
    given(fold, ...fixture.history.AwaitingConfirmation, forever)
      .when(Decision.expire, undefined, fixture.tooLate)
      .pipe(thenRejection(new R.TooEarlyToExpire({ expiresAt: Option.none() })))
  })
})

type Result = Either.Either<ReadonlyArray<E.BookingEvent>, { readonly _tag: string }>

const confirmWith = (tickets: typeof fixture.tickets) => (state: BookingState) =>
  Decision.confirm(state, { tickets, expiresAt: Option.some(fixture.expiresAt) })
const expireAt = (now: DateTime.Utc) => (state: BookingState) => Decision.expire(state, undefined, now)

const commands: Readonly<Record<string, (state: BookingState) => Result>> = {
  Confirm: confirmWith(fixture.tickets),
  "Confirm free": confirmWith(fixture.freeTickets),
  Deny: (state) => Decision.deny(state, { reason: "another reason" }),
  Cancel: (state) => Decision.cancel(state, { reason: "another reason" }),
  ReceivePayment: (state) => Decision.receivePayment(state, { paymentId: fixture.paymentId }),
  "Another payment": (state) => Decision.receivePayment(state, { paymentId: fixture.otherPaymentId }),
  "Expire too late": expireAt(fixture.tooLate),
  "Expire in time": expireAt(fixture.expiresAt)
}

const awaiting = given(fold, ...fixture.history.AwaitingConfirmation).state

const seatsOfRow = (length: number): typeof fixture.seats => [
  { row: 1, number: 1 },
  ...Array.from({ length: length - 1 }, (_, index) => ({ row: 1, number: index + 2 }))
]

/** A decision as the table writes it. */
function named(result: Result | undefined): string {
  if (result === undefined) return "no such command"
  return Either.match(result, {
    onLeft: (rejection) => rejection._tag,
    onRight: (events) => (events.length === 0 ? "ignore" : events.map((event) => event._tag).join(" + "))
  })
}

/** The cells of a table written as text. */
function table(text: TemplateStringsArray) {
  const [head = [], ...body] = text
    .join("")
    .trim()
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
  const statuses = head.filter((cell) => cell !== "") as ReadonlyArray<BookingStatus>
  return body.flatMap(([command = "", ...cells]) =>
    statuses.map((status, column) => ({ command, status, outcome: cells[column] ?? "missing" }))
  )
}
