/** The operator's commands about views, on a Postgres with processes beside them. */
import { DistributedProcessing } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Either, Layer, Option, Stream } from "effect"
import { BookingJournal } from "../../src/domain/Booking.js"
import { BookingConfirmed, BookingPlaced } from "../../src/domain/BookingEvent.js"
import * as Money from "../../src/domain/Money.js"
import { parse } from "../../src/ops/Arguments.js"
import * as Terminal from "../../src/ops/Terminal.js"
import { viewCommands } from "../../src/ops/viewCommands.js"
import { Migrations, Stores } from "../../src/postgres.js"
import { bookingView, BookingsView } from "../../src/view/BookingsView.js"
import { nextBookingView, NextBookingsView } from "../../src/view/NextBookingsView.js"
import * as fixture from "../domain/fixtures.js"
import { freshDatabase } from "../postgres.js"

const Storage = Layer.provideMerge(Stores, Layer.provideMerge(Migrations, freshDatabase))
const Hosted = DistributedProcessing.layerLocal.pipe(Layer.provideMerge(Storage))

it.live(
  "a row that is wrong is found, replayed and audited; the next version is filled, verified and swapped, there and back",
  () =>
    Effect.gen(function* () {
      const journal = yield* BookingJournal
      const view = yield* BookingsView
      const sql = yield* PgClient.PgClient
      yield* DistributedProcessing.start(bookingView.name, bookingView.processes)
      const { clientId, concertId, expiresAt, seats, tickets } = fixture
      for (const key of ["b-1", "b-2", "b-3"]) {
        yield* journal.append(key, 0, [
          new BookingPlaced({ clientId, concertId, seats }),
          new BookingConfirmed({ tickets, expiresAt: Option.some(expiresAt) })
        ])
        yield* view.awaitReceipt({ key, sequence: 2 }, "20 seconds")
      }
      expect(yield* ops("audit")).toMatchObject({ isRight: true, value: { offences: [], same: 3 } })

      yield* sql`UPDATE bookings SET status = 'Denied' WHERE booking_id = 'b-2'`
      const found = yield* ops("replay", bookingView.name, "--dry-run", "--key", "b-2")
      expect(found).toMatchObject({
        isRight: false,
        value: { samples: [{ key: "b-2", field: "status", stored: "Denied", folded: "Confirmed" }] }
      })
      expect((yield* ops("audit")).isRight).toBe(false)
      expect(yield* ops("replay", bookingView.name, "--since", "2020-01-01T00:00:00Z")).toMatchObject({
        isRight: true,
        value: { keys: 3, changed: 1 }
      })
      expect((yield* ops("audit")).isRight).toBe(true)

      expect(yield* ops("quarantine", "list")).toEqual({ isRight: true, value: [] })
      expect(yield* ops("quarantine", "retry", bookingView.name)).toEqual({ isRight: true, value: [] })
      // nothing but the view is deployed here: the others have all six events before them
      expect((yield* ops("lag")).value).toMatchObject([
        { projection: bookingView.name, events: 0, partitions: 0 },
        ...["BookingViewProjection2", "BookingConfirmation", "BookingRelease"].map((projection) => ({
          projection,
          events: 6,
          quarantined: 0
        }))
      ])
      expect((yield* ops("quarantine", "list", "BookingRelease")).value).toEqual([])
      expect(yield* ops("verify", "--patience", "1")).toMatchObject({ isRight: false, value: { unsettled: 3 } })
      expect((yield* ops("swap", nextBookingView.name, "--unverified")).isRight).toBe(false)
      yield* DistributedProcessing.start(nextBookingView.name, nextBookingView.processes)
      expect(yield* ops("progress", nextBookingView.name)).toMatchObject({ value: { behind: 0 } })
      expect(yield* ops("verify")).toMatchObject({ isRight: true, value: { same: 3 } })
      expect(yield* ops("swap", nextBookingView.name)).toMatchObject({
        isRight: true,
        value: { from: bookingView.name, to: nextBookingView.name }
      })
      expect(yield* ops("serving")).toMatchObject({ value: { serving: nextBookingView.name } })
      const row = Option.getOrThrow(yield* (yield* NextBookingsView).get("b-1")).view
      expect(Money.isDue(row.total)).toBe(true)
      expect((yield* ops("audit")).isRight).toBe(true)
      expect((yield* ops("swap", bookingView.name)).isRight).toBe(true)

      const first = Option.getOrThrow(yield* Stream.runHead(journal.read("b-1", 1)))
      const asOf = yield* ops("as-of", "b-1", "--position", String(first.position))
      expect(asOf.value).toMatchObject({ sequence: 1, row: { value: { view: { status: "AwaitingConfirmation" } } } })
    }).pipe(Effect.scoped, Effect.provide(Hosted))
)

it.live("a version is dropped that neither serves nor runs, and begins anew where it is resumed", () =>
  Effect.gen(function* () {
    const [journal, next] = [yield* BookingJournal, yield* NextBookingsView]
    const { clientId, concertId, seats } = fixture
    yield* DistributedProcessing.start(bookingView.name, bookingView.processes)
    const killSwitch = yield* DistributedProcessing.start(nextBookingView.name, nextBookingView.processes)
    yield* journal.append("b-1", 0, [new BookingPlaced({ clientId, concertId, seats })])
    const shown = next.awaitReceipt({ key: "b-1", sequence: 1 }, "20 seconds")
    yield* shown
    const refused = (reason: string) => ({ isRight: false, value: { reason } })
    expect(yield* ops("drop", bookingView.name)).toMatchObject(refused("Serves"))
    expect(yield* ops("drop", nextBookingView.name)).toMatchObject(refused("Runs"))
    expect(Option.isSome(yield* next.get("b-1"))).toBe(true)
    yield* killSwitch.shutdown
    expect(yield* ops("drop", nextBookingView.name)).toMatchObject({ isRight: true, value: { rows: 1 } })
    expect(Option.isNone(yield* next.get("b-1"))).toBe(true)
    expect((yield* ops("swap", nextBookingView.name, "--unverified")).isRight).toBe(false)
    yield* killSwitch.resume
    yield* shown
    expect((yield* ops("verify")).isRight).toBe(true)
  }).pipe(Effect.scoped, Effect.provide(Hosted))
)

it.live("what cannot be meant is refused before anything is done", () =>
  Effect.gen(function* () {
    for (const line of [
      "replay",
      "replay Nothing",
      `replay ${bookingView.name} --after x`,
      `replay ${bookingView.name} --after 1 --key k`,
      `replay ${bookingView.name} --from a`,
      `replay ${bookingView.name} --since yesterday`,
      "quarantine",
      "quarantine retry",
      "as-of",
      "as-of b-1",
      "swap Nothing",
      "drop",
      "drop Nothing"
    ]) {
      const refused = yield* Effect.either(ops(...line.split(" ")))
      expect([line, Either.flip(refused)]).toMatchObject([line, Either.right({ _tag: "UsageError" })])
    }
    expect(Either.isLeft(yield* Effect.either(parse(["--nothing"])))).toBe(true)
  }).pipe(Effect.provide(Storage))
)

it("an answer is shown as a table, or as lines, and as JSON", () => {
  const value = {
    keys: 2,
    none: Option.none(),
    list: [{ a: 1, b: "x" }, { a: 22 }],
    error: new Error("why"),
    left: Option.some(Duration.seconds(3))
  }
  expect(Terminal.toJson(value)).toBe(
    '{"keys":2,"none":null,"list":[{"a":1,"b":"x"},{"a":22}],"error":"why","left":"3s"}'
  )
  expect(Terminal.toText(value)).toBe("keys   2\nnone   \nerror  why\nleft   3s\n\nlist\na   b\n1   x\n22")
  expect(Terminal.toText([])).toBe("none")
  expect(Terminal.toText({ a: [] })).toBe("a  []")
})

const ops = (...words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const {
      values,
      words: [name, ...rest]
    } = yield* parse(words)
    const command = viewCommands.find((one) => one.name === name)
    if (command === undefined) return yield* Effect.dieMessage(`no command ${name}`)
    return yield* command.run({ values, words: rest }, Terminal.bar(false))
  })
