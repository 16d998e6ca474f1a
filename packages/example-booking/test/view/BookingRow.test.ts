/** The row of a booking after each life that it can have. */
import type { EntityEvent } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Option } from "effect"
import type { BookingEvent } from "../../src/domain/BookingEvent.js"
import { BookingStatus } from "../../src/domain/BookingState.js"
import { type BookingRow, project } from "../../src/view/BookingRow.js"
import * as fixture from "../domain/fixtures.js"

describe("the row of a booking", () => {
  it.each(BookingStatus.literals)("of a booking that is %s says so", (status) => {
    const row = rowAfter(fixture.history[status])
    expect(row).toMatchObject({ ...fixture.order, bookingId: "b-1", status, version: fixture.history[status].length })
  })

  it("has the tickets, the journal's time and the expiry once it is confirmed", () => {
    expect(rowAfter(fixture.history.Confirmed)).toMatchObject({
      tickets: fixture.tickets,
      confirmedAt: Option.some(DateTime.unsafeMake(2000)),
      expiresAt: Option.some(fixture.expiresAt)
    })
    expect(rowAfter(fixture.history.AwaitingConfirmation)).toMatchObject({
      tickets: [],
      confirmedAt: Option.none(),
      expiresAt: Option.none()
    })
  })

  it("has no expiry once it is paid, settled, expired or cancelled, and keeps when it was confirmed", () => {
    const cancelledLate = [...fixture.history.Confirmed, ...fixture.history.Cancelled.slice(1)]
    const paid = fixture.history.Settled.slice(0, 3)
    for (const events of [paid, fixture.history.Settled, fixture.history.Expired, cancelledLate]) {
      expect(rowAfter(events)).toMatchObject({
        expiresAt: Option.none(),
        confirmedAt: Option.some(DateTime.unsafeMake(2000)),
        tickets: fixture.tickets
      })
    }
  })

  it("cannot be made of a history that does not begin with the placing, or places twice", () => {
    expect(() => rowAfter(fixture.history.Denied.slice(1))).toThrow("impossible fold")
    expect(() => rowAfter([...fixture.history.AwaitingConfirmation, ...fixture.history.AwaitingConfirmation])).toThrow(
      "impossible fold"
    )
  })
})

/** Events are stored a second apart. */
const rowAfter = (events: ReadonlyArray<BookingEvent>): BookingRow | undefined =>
  Option.getOrUndefined(
    events.map(stored).reduce((row, event) => Option.some(project(row, event)), Option.none<BookingRow>())
  )

const stored = (event: BookingEvent, index: number): EntityEvent.EntityEvent<BookingEvent> => ({
  id: `e-${index}`,
  key: "b-1",
  sequence: index + 1,
  position: index + 1,
  timestamp: (index + 1) * 1000,
  metadata: {},
  event
})
