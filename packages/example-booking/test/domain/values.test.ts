/** Values are stored exactly: no event changes on its way to the journal and back. */
import { describe, expect, it } from "@effect/vitest"
import { BigDecimal, DateTime, Either, Option, Schema } from "effect"
import * as E from "../../src/domain/BookingEvent.js"
import { Reason } from "../../src/domain/Ids.js"
import { Money } from "../../src/domain/Money.js"
import * as fixture from "./fixtures.js"

const encode = Schema.encodeSync(E.BookingEvent)
const decode = Schema.decodeUnknownSync(E.BookingEvent)

describe("values", () => {
  it.prop("whatever event comes back as it was written", { event: E.BookingEvent }, ({ event }) => {
    const written = encode(event)
    expect(encode(decode(JSON.parse(JSON.stringify(written))))).toEqual(written)
  })

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
