/** What old journals contain must be read for ever: the golden JSON of every event. */
import { describe, expect, it } from "@effect/vitest"
import { BigDecimal, DateTime, Either, Option, Schema } from "effect"
import * as E from "../../src/domain/BookingEvent.js"
import { Reason } from "../../src/domain/Ids.js"
import { Money } from "../../src/domain/Money.js"
import * as fixture from "./fixtures.js"

const golden: ReadonlyArray<readonly [E.BookingEvent, string]> = [
  [
    new E.BookingPlaced(fixture.order),
    '{"_tag":"BookingPlaced","clientId":"ann","concertId":"concertA","seats":[{"row":1,"number":1},{"row":1,"number":2}]}'
  ],
  [
    new E.BookingConfirmed({ tickets: fixture.tickets, expiresAt: Option.some(fixture.expiresAt) }),
    '{"_tag":"BookingConfirmed","tickets":[{"seat":{"row":1,"number":1},"price":"500"},{"seat":{"row":1,"number":2},"price":"500"}],"expiresAt":"2026-03-01T18:00:00.000Z"}'
  ],
  [
    new E.BookingConfirmed({ tickets: fixture.freeTickets }),
    '{"_tag":"BookingConfirmed","tickets":[{"seat":{"row":1,"number":1},"price":"0"}]}'
  ],
  [new E.BookingDenied({ reason: "full" }), '{"_tag":"BookingDenied","reason":"full"}'],
  [new E.BookingCancelled({ reason: "ill" }), '{"_tag":"BookingCancelled","reason":"ill"}'],
  [new E.BookingExpired(), '{"_tag":"BookingExpired"}'],
  [new E.BookingPaid({ paymentId: fixture.paymentId }), '{"_tag":"BookingPaid","paymentId":"p-1"}'],
  [new E.BookingSettled(), '{"_tag":"BookingSettled"}']
]

const encode = Schema.encodeSync(E.BookingEvent)
const decode = Schema.decodeUnknownSync(E.BookingEvent)

describe("the storage format", () => {
  it.each(golden)("%o is written as ever", (event, json) => {
    expect(JSON.parse(JSON.stringify(encode(event)))).toEqual(JSON.parse(json))
  })

  it.each(golden)("%o is read as ever", (event, json) => {
    expect(encode(decode(JSON.parse(json)))).toEqual(encode(event))
  })

  it("covers every kind of event", () => {
    const kinds = E.BookingEvent.members.map((member) => member._tag)
    expect(new Set(golden.map(([event]) => event._tag))).toEqual(new Set(kinds))
  })

  it.prop("whatever event comes back as it was written", { event: E.BookingEvent }, ({ event }) => {
    const written = encode(event)
    expect(encode(decode(JSON.parse(JSON.stringify(written))))).toEqual(written)
  })
})

describe("values", () => {
  it("money is exact", () => {
    const read = Schema.decodeSync(Money)
    const sum = BigDecimal.sum(read("0.1"), read("0.2"))
    expect(Schema.encodeSync(Money)(sum)).toBe("0.3")
    expect(Schema.encodeSync(Money)(read("9007199254740993.01"))).toBe("9007199254740993.01")
  })

  it("a reason is text that every storage takes", () => {
    const accepts = (text: string) => Either.isRight(Schema.decodeUnknownEither(Reason)(text))
    expect(["ill", "x".repeat(500), "💺"].map(accepts)).toEqual([true, true, true])
    expect(["", "x".repeat(501), "a\u0000b", "\ud800"].map(accepts)).toEqual([false, false, false, false])
  })

  it("a moment is stored to the millisecond", () => {
    const moment = DateTime.unsafeMake("2026-03-01T18:00:00.123Z")
    const event = new E.BookingConfirmed({ tickets: fixture.tickets, expiresAt: Option.some(moment) })
    expect(encode(event)).toMatchObject({ expiresAt: "2026-03-01T18:00:00.123Z" })
  })
})
