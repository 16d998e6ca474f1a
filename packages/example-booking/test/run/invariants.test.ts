/** The checks of a sale, on sales that went right, and on each kind of wrong that they are there to find. */
import { describe, expect, it } from "@effect/vitest"
import { Option } from "effect"
import * as E from "../../src/domain/BookingEvent.js"
import { ConcertId, PaymentId } from "../../src/domain/Ids.js"
import * as Money from "../../src/domain/Money.js"
import * as Invariants from "../../src/run/invariants.js"
import { clientId, paymentId as payment } from "../domain/fixtures.js"

describe("seats", () => {
  it("are counted that two bookings have at the same time, whatever became of the rest", () => {
    const planted = sale(
      life("b-1", placed("concertA", 1, 2), [10, confirmed(1, 2)]),
      life("b-2", placed("concertA", 2, 3), [20, confirmed(2, 3)])
    )
    expect(Invariants.seatsSoldTwice(planted)).toBe(1)
    const late = sale(
      life("b-1", placed("concertA", 1), [10, confirmed(1)], [30, cancelled]),
      life("b-2", placed("concertA", 1), [20, confirmed(1)])
    )
    expect(Invariants.seatsSoldTwice(late)).toBe(1)
    const between = sale(
      life("b-1", placed("concertA", 1), [10, confirmed(1)], [90, cancelled]),
      life("b-2", placed("concertA", 1), [20, confirmed(1)], [30, cancelled]),
      life("b-3", placed("concertA", 1), [40, confirmed(1)])
    )
    expect(Invariants.seatsSoldTwice(between)).toBe(1)
  })

  it("are those of a concert: the same place may be sold in another one", () => {
    const two = sale(
      life("b-1", placed("concertA", 1), [10, confirmed(1)]),
      life("b-2", placed("concertB", 1), [10, confirmed(1)])
    )
    expect(Invariants.seatsSoldTwice(two)).toBe(0)
  })

  it("may be sold again when they were given back, and not before", () => {
    const again = (at: number, over: E.BookingEvent) =>
      sale(
        life("b-1", placed("concertA", 1), [10, confirmed(1)], [20, over]),
        life("b-2", placed("concertA", 1), [at, confirmed(1)])
      )
    for (const over of [cancelled, new E.BookingExpired()]) {
      expect(Invariants.seatsSoldTwice(again(21, over))).toBe(0)
      expect(Invariants.seatsSoldTwice(again(20, over))).toBe(0)
      expect(Invariants.seatsSoldTwice(again(19, over))).toBe(1)
    }
    expect(Invariants.seatsSoldTwice(again(21, new E.BookingSettled()))).toBe(1)
  })

  it("belong to nobody whose booking was not confirmed", () => {
    const waiting = sale(
      life("b-1", placed("concertA", 1)),
      life("b-2", placed("concertA", 1), [10, denied]),
      life("b-3", placed("concertA", 1), [20, confirmed(1)])
    )
    expect(Invariants.seatsSoldTwice(waiting)).toBe(0)
  })
})

describe("payments", () => {
  const paid = sale(
    life("b-1", placed("concertA", 1), [10, confirmed(1)], [20, new E.BookingPaid({ paymentId: payment })])
  )
  const unpaid = sale(life("b-1", placed("concertA", 1), [10, confirmed(1)]))
  const wrong = (standing: Invariants.Standing | undefined, histories: Invariants.Histories) =>
    Invariants.paymentsWrong([payment], new Map(standing === undefined ? [] : [[payment, standing]]), histories)

  it("are accounted for when a booking took them, or a refusal says why not", () => {
    expect(wrong({ state: "taken", reason: Option.none() }, paid)).toEqual({ lost: 0, twice: 0 })
    expect(wrong({ state: "refused", reason: Option.some("late") }, unpaid)).toEqual({ lost: 0, twice: 0 })
  })

  it("are lost when nobody knows of them, no booking has them, or no reason is given", () => {
    expect(wrong(undefined, unpaid)).toEqual({ lost: 1, twice: 0 })
    expect(wrong({ state: "taken", reason: Option.none() }, unpaid)).toEqual({ lost: 1, twice: 0 })
    expect(wrong({ state: "received", reason: Option.none() }, unpaid)).toEqual({ lost: 1, twice: 0 })
    expect(wrong({ state: "refused", reason: Option.none() }, unpaid)).toEqual({ lost: 1, twice: 0 })
  })

  it("are taken twice when two bookings have them, or one in spite of a refusal", () => {
    const both = new Map([...paid, ["b-2", paid.get("b-1") ?? []]])
    expect(wrong({ state: "taken", reason: Option.none() }, both)).toEqual({ lost: 0, twice: 1 })
    expect(wrong({ state: "refused", reason: Option.some("late") }, paid)).toEqual({ lost: 0, twice: 1 })
    const other = Invariants.paymentsWrong([PaymentId.make("other")], new Map(), paid)
    expect(other).toEqual({ lost: 1, twice: 0 })
  })
})

describe("a view", () => {
  const history = sale(life("b-1", placed("concertA", 1), [10, confirmed(1)])).get("b-1") ?? []
  const row = Invariants.foldOf(history)

  it("is right when it shows what happened, to the last event", () => {
    expect(Invariants.isFoldOf(row, history)).toBe(true)
    expect(Invariants.isFoldOf(Option.none(), [])).toBe(true)
  })

  it("is wrong when it misses the booking or an event, or shows anything else", () => {
    expect(Invariants.isFoldOf(Option.none(), history)).toBe(false)
    expect(Invariants.isFoldOf(Invariants.foldOf(history.slice(0, 1)), history)).toBe(false)
    expect(Invariants.isFoldOf(row, history.slice(0, 1))).toBe(false)
    expect(Invariants.isFoldOf(row, [])).toBe(false)
    const altered = Option.map(row, (shown) => ({ ...shown, tickets: [] }))
    expect(Invariants.isFoldOf(altered, history)).toBe(false)
    const renumbered = Option.map(row, (shown) => ({ ...shown, version: 1 }))
    expect(Invariants.isFoldOf(renumbered, history)).toBe(false)
  })
})

/** A life of a booking: what happened, and when. */
function life(key: string, ...events: ReadonlyArray<E.BookingEvent | readonly [number, E.BookingEvent]>) {
  const history: Invariants.History = events.map((one, i) => {
    const [timestamp, event] = "_tag" in one ? [i, one] : one
    return { key, sequence: i + 1, timestamp, event }
  })
  return [key, history] as const
}

function sale(...lives: ReadonlyArray<ReturnType<typeof life>>): Invariants.Histories {
  return new Map(lives)
}

function seatsAt(numbers: readonly [number, ...Array<number>]) {
  const [first, ...others] = numbers
  return [{ row: 1, number: first }, ...others.map((number) => ({ row: 1, number }))] as const
}

function placed(concert: string, ...numbers: [number, ...Array<number>]) {
  return new E.BookingPlaced({ clientId, concertId: ConcertId.make(concert), seats: seatsAt(numbers) })
}

function confirmed(...numbers: [number, ...Array<number>]) {
  const [first, ...others] = seatsAt(numbers)
  const ticket = (seat: { readonly row: number; readonly number: number }) => ({ seat, price: Money.of(500n) })
  return new E.BookingConfirmed({ tickets: [ticket(first), ...others.map(ticket)], expiresAt: Option.none() })
}

const cancelled = new E.BookingCancelled({ reason: "ill" })
const denied = new E.BookingDenied({ reason: "taken" })
