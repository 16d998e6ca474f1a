/** Random lives of a booking, against a model that was written from the rules alone. */
import { Fold } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Either, FastCheck as fc, Option } from "effect"
import * as Decision from "../../src/domain/BookingDecision.js"
import type { BookingEvent } from "../../src/domain/BookingEvent.js"
import { type BookingState, fold } from "../../src/domain/BookingState.js"
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

/** Each command in two variants: another order, free tickets, another payment, too late. */
interface Command {
  readonly _tag: "Place" | "Confirm" | "Deny" | "Cancel" | "ReceivePayment" | "Expire"
  readonly variant: boolean
}

function lives(): fc.Arbitrary<ReadonlyArray<Command>> {
  const command: fc.Arbitrary<Command> = fc.record({
    _tag: fc.constantFrom("Place", "Confirm", "Deny", "Cancel", "ReceivePayment", "Expire"),
    variant: fc.boolean()
  })
  const commands = fc.array(command, { maxLength: 12 })
  const place: Command = { _tag: "Place", variant: false }
  return fc.oneof(
    commands,
    commands.map((rest) => [place, ...rest])
  )
}

type Result = Either.Either<ReadonlyArray<BookingEvent>, { readonly _tag: string }>

const decide = (state: BookingState, command: Command): Result => {
  switch (command._tag) {
    case "Place":
      return Decision.place(
        state,
        command.variant ? { ...fixture.order, seats: [{ row: 7, number: 7 }] } : fixture.order
      )
    case "Confirm":
      return Decision.confirm(state, {
        tickets: command.variant ? fixture.freeTickets : fixture.tickets,
        expiresAt: Option.some(fixture.expiresAt)
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
      return Decision.expire(state, undefined, command.variant ? fixture.tooLate : DateTime.unsafeMake(0))
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

/** The booking as facts about it, not as a state: what was ordered, what was said, how it ended. */
class Model {
  private order: boolean | undefined
  private confirmed = false
  private ended: "denied" | "cancelled" | "expired" | "settled" | undefined
  private payment: boolean | undefined

  answer(command: Command): string {
    if (command._tag === "Place") return this.place(command.variant)
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

  private whenAwaiting(command: Command): string {
    if (command._tag === "ReceivePayment" || command._tag === "Expire") return "BookingIsNotConfirmed"
    this.confirmed = command._tag === "Confirm"
    if (command._tag === "Deny") this.ended = "denied"
    if (command._tag === "Cancel") this.ended = "cancelled"
    if (command._tag === "Confirm" && command.variant) this.ended = "settled"
    return "happens"
  }

  private whenConfirmed(command: Command): string {
    if (command._tag === "Confirm") return "ignore"
    if (command._tag === "Deny") return "BookingIsAlreadyConfirmed"
    if (command._tag === "Expire" && !command.variant) return "TooEarlyToExpire"
    if (command._tag === "ReceivePayment") this.payment = command.variant
    this.ended = command._tag === "Cancel" ? "cancelled" : command._tag === "Expire" ? "expired" : "settled"
    return "happens"
  }

  private whenOver(command: Command, ended: "denied" | "cancelled" | "expired" | "settled"): string {
    if (ended === "settled") {
      if (command._tag === "Confirm") return "ignore"
      if (command._tag === "Deny") return "BookingIsAlreadyConfirmed"
      const paidBefore = command._tag === "ReceivePayment" && command.variant === this.payment
      return paidBefore ? "ignore" : "BookingIsAlreadySettled"
    }
    if (command._tag === "Cancel" || command._tag === "Expire") return "ignore"
    if (command._tag === "Deny" && ended === "denied") return "ignore"
    return { denied: "BookingIsDenied", cancelled: "BookingIsAlreadyCanceled", expired: "BookingIsExpired" }[ended]
  }
}
