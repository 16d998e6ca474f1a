/** Random lives of a booking, against a model that was written from the rules alone. */
import { Fold } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Either, FastCheck as fc, Option } from "effect"
import * as Decision from "../../src/domain/BookingDecision.js"
import type { BookingEvent } from "../../src/domain/BookingEvent.js"
import { type BookingState, fold } from "../../src/domain/BookingState.js"
import type { Seats } from "../../src/domain/Seat.js"
import { type BookingRow, project } from "../../src/view/BookingRow.js"
import * as fixture from "./fixtures.js"

const many = { fastCheck: { numRuns: 1000 } }

describe("any life of a booking", () => {
  it.prop(
    "answers every command as the model does",
    [lives()],
    ([life]) => {
      const model = new Model()
      walk(life, (command, _, result) => expect(outcomeOf(result)).toBe(model.answer(command)))
    },
    many
  )

  it.prop(
    "is shown by its view as it is, event by event",
    [lives()],
    ([life]) => {
      let row = Option.none<BookingRow>()
      let sequence = 0
      walk(life, (_, __, result, after) => {
        for (const event of Either.getOrElse(result, () => [])) {
          row = Option.some(project(row, { key: "b", sequence: ++sequence, timestamp: 0, event }))
        }
        expect(Option.match(row, { onNone: () => "NotPlaced", onSome: ({ status }) => status })).toBe(after._tag)
        const isWaiting = after._tag === "Confirmed" && Option.isSome(after.expiresAt)
        expect(Option.exists(row, ({ expiresAt }) => Option.isSome(expiresAt))).toBe(isWaiting)
        if (Option.isSome(row)) expect(row.value.version).toBe(sequence)
      })
    },
    many
  )

  it.prop(
    "passes through statuses in a legal order",
    [lives()],
    ([life]) => {
      walk(life, (_, before, __, after) => {
        if (before._tag !== after._tag) expect(legal[before._tag]).toContain(after._tag)
      })
    },
    many
  )

  it.prop(
    "changes nothing when a command comes again",
    [lives()],
    ([life]) => {
      walk(life, (command, before, result, after) => {
        const again = decide(after, command)
        expect(outcomeOf(again)).toBe(Either.isRight(result) ? "ignore" : outcomeOf(result))
        if (Either.isLeft(result)) expect(after).toBe(before)
      })
    },
    many
  )

  it.prop(
    "never changes what was ordered",
    [lives()],
    ([life]) => {
      walk(life, (_, before, __, after) => {
        if (before._tag !== "NotPlaced" && after._tag !== "NotPlaced") expect(after.order).toEqual(before.order)
      })
    },
    many
  )
})

/**
 * Each command in two variants: another order, free tickets, another payment, too late. Some orders are no good, and some
 * confirmations name no time, in either variant.
 */
interface Command {
  readonly _tag: "Place" | "Confirm" | "Deny" | "Cancel" | "ReceivePayment" | "Expire" | "PlaceWrong" | "ConfirmForEver"
  readonly variant: boolean
}

function lives(): fc.Arbitrary<ReadonlyArray<Command>> {
  const command: fc.Arbitrary<Command> = fc.record({
    _tag: fc.constantFrom(
      "Place",
      "Confirm",
      "Deny",
      "Cancel",
      "ReceivePayment",
      "Expire",
      "PlaceWrong",
      "ConfirmForEver"
    ),
    variant: fc.boolean()
  })
  const commands = fc.array(command, { maxLength: 12 })
  const place: Command = { _tag: "Place", variant: false }
  return fc.oneof(
    commands,
    commands.map((rest) => [place, ...rest])
  )
}

const sameSeats: Seats = [fixture.seats[0], ...fixture.seats]
const tooManySeats: Seats = [fixture.seats[0], ...Array.from({ length: 10 }, (_, i) => ({ row: 9, number: i + 1 }))]

type Result = Either.Either<ReadonlyArray<BookingEvent>, { readonly _tag: string }>

const decide = (state: BookingState, command: Command): Result => {
  switch (command._tag) {
    case "Place":
      return Decision.place(
        state,
        command.variant ? { ...fixture.order, seats: [{ row: 7, number: 7 }] } : fixture.order
      )
    case "PlaceWrong":
      return Decision.place(state, { ...fixture.order, seats: command.variant ? tooManySeats : sameSeats })
    case "Confirm":
    case "ConfirmForEver":
      return Decision.confirm(state, {
        tickets: command.variant ? fixture.freeTickets : fixture.tickets,
        expiresAt: command._tag === "Confirm" ? Option.some(fixture.expiresAt) : Option.none()
      })
    case "Deny":
      return Decision.deny(state, { reason: "full" })
    case "Cancel":
      return Decision.cancel(state, { reason: "ill" })
    case "ReceivePayment":
      return Decision.receivePayment(state, {
        paymentId: command.variant ? fixture.otherPaymentId : fixture.paymentId
      })
    case "Expire":
      return Decision.expire(state, undefined, command.variant ? fixture.tooLate : fixture.expiresAt)
  }
}

const walk = (
  life: ReadonlyArray<Command>,
  check: (command: Command, before: BookingState, result: Result, after: BookingState) => void
) => {
  let state = fold.initial
  for (const command of life) {
    const before = state
    const result = decide(before, command)
    if (Either.isRight(result)) state = Fold.run(fold, result.right, before)
    check(command, before, result, state)
  }
}

const outcomeOf = (result: Result): string =>
  Either.match(result, {
    onLeft: (rejection) => rejection._tag,
    onRight: (events) => (events.length === 0 ? "ignore" : "happens")
  })

const legal: Readonly<Record<BookingState["_tag"], ReadonlyArray<BookingState["_tag"]>>> = {
  NotPlaced: ["AwaitingConfirmation"],
  AwaitingConfirmation: ["Confirmed", "Denied", "Cancelled", "Settled"],
  Confirmed: ["Cancelled", "Expired", "Settled"],
  Denied: [],
  Cancelled: [],
  Expired: [],
  Settled: []
}

const isConfirm = ({ _tag }: Command): boolean => _tag === "Confirm" || _tag === "ConfirmForEver"

/** The booking as facts about it, not as a state: what was ordered, what was said, how it ended. */
class Model {
  private order: boolean | undefined
  private confirmed = false
  private expires = true
  private ended: "denied" | "cancelled" | "expired" | "settled" | undefined
  private payment: boolean | undefined

  answer(command: Command): string {
    if (command._tag === "Place") return this.place(command.variant)
    if (command._tag === "PlaceWrong") return this.placeWrong(command.variant)
    if (this.order === undefined) return "BookingNotFound"
    if (this.ended !== undefined) return this.whenOver(command, this.ended)
    return this.confirmed ? this.whenConfirmed(command) : this.whenAwaiting(command)
  }

  private place(variant: boolean): string {
    if (this.order === undefined) {
      this.order = variant
      return "happens"
    }
    return this.order === variant ? "ignore" : "BookingAlreadyExists"
  }

  private placeWrong(tooMany: boolean): string {
    if (this.order !== undefined) return "BookingAlreadyExists"
    return tooMany ? "TooManySeats" : "DuplicateSeats"
  }

  private whenAwaiting(command: Command): string {
    if (command._tag === "ReceivePayment" || command._tag === "Expire") return "BookingIsNotConfirmed"
    this.confirmed = isConfirm(command)
    this.expires = command._tag === "Confirm"
    if (command._tag === "Deny") this.ended = "denied"
    if (command._tag === "Cancel") this.ended = "cancelled"
    if (this.confirmed && command.variant) this.ended = "settled"
    return "happens"
  }

  private whenConfirmed(command: Command): string {
    if (isConfirm(command)) return "ignore"
    if (command._tag === "Deny") return "BookingIsAlreadyConfirmed"
    if (command._tag === "Expire" && !(command.variant && this.expires)) return "TooEarlyToExpire"
    if (command._tag === "ReceivePayment") this.payment = command.variant
    this.ended = command._tag === "Cancel" ? "cancelled" : command._tag === "Expire" ? "expired" : "settled"
    return "happens"
  }

  private whenOver(command: Command, ended: "denied" | "cancelled" | "expired" | "settled"): string {
    if (ended === "settled") {
      if (isConfirm(command)) return "ignore"
      if (command._tag === "Deny") return "BookingIsAlreadyConfirmed"
      const paidBefore = command._tag === "ReceivePayment" && command.variant === this.payment
      return paidBefore ? "ignore" : "BookingIsAlreadySettled"
    }
    if (command._tag === "Cancel" || command._tag === "Expire") return "ignore"
    if (command._tag === "Deny" && ended === "denied") return "ignore"
    return { denied: "BookingIsDenied", cancelled: "BookingIsAlreadyCanceled", expired: "BookingIsExpired" }[ended]
  }
}
