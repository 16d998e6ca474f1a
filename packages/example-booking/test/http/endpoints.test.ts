/** The HTTP interface, endpoint by endpoint, on the application in memory. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, TestClock } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { Memory } from "../../src/memory.js"
import * as Processes from "../../src/processes.js"
import { field, layer as inProcess, request } from "./client.js"

const app = Layer.mergeAll(inProcess, Processes.layer).pipe(Layer.provide(Booking.layer), Layer.provide(Memory))

const answers = (
  title: string,
  test: Effect.Effect<void, unknown, Effect.Effect.Context<ReturnType<typeof request>>>
) => it.effect(title, () => Effect.provide(test, app))

const order = { concertId: "concertA", seats: [{ row: 1, number: 1 }] }

/** The clock stands still while the processes work; this lets them, until the booking has the status. */
const untilStatus = (bookingId: string, status: string) =>
  request("GET", `/clients/ann/bookings/${bookingId}`).pipe(
    Effect.tap(() => TestClock.adjust("10 millis")),
    Effect.repeat({ until: (answer) => field(answer, "status") === status, times: 200 }),
    Effect.tap((answer) => Effect.sync(() => expect(field(answer, "status")).toBe(status)))
  )

/** The same, for a payment. */
const untilPayment = (paymentId: string, state: string) =>
  request("GET", `/payments/${paymentId}`).pipe(
    Effect.tap(() => TestClock.adjust("10 millis")),
    Effect.repeat({ until: (answer) => field(answer, "state") === state, times: 200 }),
    Effect.tap((answer) => Effect.sync(() => expect(field(answer, "state")).toBe(state)))
  )

const place = (bookingId: string, more: object = {}) =>
  request("POST", "/clients/ann/bookings", { ...order, bookingId, ...more })
const cancel = (bookingId: string, client = "ann") =>
  request("DELETE", `/clients/${client}/bookings/${bookingId}`, { reason: "ill" })
const pay = (bookingId: string, paymentId = "p-1", clientId = "ann") =>
  request("POST", "/payments", { bookingId, paymentId, clientId })

describe("placing", () => {
  answers(
    "answers 201 with an id, its location, and a token to read it by",
    Effect.gen(function* () {
      const placed = yield* request("POST", "/clients/ann/bookings", order)
      expect(placed.status).toBe(201)
      const location = `/clients/ann/bookings/${String(field(placed, "bookingId"))}`
      expect(placed.headers.get("location")).toBe(location)
      expect(field(placed, "location")).toBe(location)
      const read = yield* request("GET", `${location}?token=${String(field(placed, "token"))}`)
      expect([read.status, field(read, "clientId"), field(read, "seats")]).toEqual([200, "ann", order.seats])
    })
  )

  answers(
    "takes the client's own id, and the same request again changes nothing",
    Effect.gen(function* () {
      const first = yield* place("mine")
      const again = yield* place("mine")
      expect([first.status, again.status]).toEqual([201, 201])
      expect(field(first, "bookingId")).toBe("mine")
      const other = yield* place("mine", { seats: [{ row: 2, number: 2 }] })
      expect(other).toMatchObject({ status: 409, body: { _tag: "BookingAlreadyExists" } })
    })
  )

  answers(
    "answers 422 to what is against the rules",
    Effect.gen(function* () {
      const twice = yield* place("b", { seats: [...order.seats, ...order.seats] })
      expect(twice).toMatchObject({ status: 422, body: { _tag: "DuplicateSeats", seats: order.seats } })
      const seats = Array.from({ length: 11 }, (_, number) => ({ row: 1, number: number + 1 }))
      const many = yield* place("b", { seats })
      expect(many).toMatchObject({ status: 422, body: { _tag: "TooManySeats", requested: 11, maximum: 10 } })
    })
  )
})

describe("what happens to a booking", () => {
  answers(
    "it is confirmed with tickets and an expiry, and its seats are taken",
    Effect.gen(function* () {
      yield* place("b")
      const confirmed = yield* untilStatus("b", "Confirmed")
      expect(confirmed.body).toMatchObject({
        bookingId: "b",
        tickets: [{ seat: { row: 1, number: 1 }, price: "500" }],
        expiresAt: "1970-01-01T06:00:00.000Z"
      })
      expect(field(confirmed, "confirmedAt")).not.toBeNull()
      const seats = yield* request("GET", "/concerts/concertA/seats")
      expect(seats.body).toContainEqual({ seat: { row: 1, number: 1 }, price: "500", available: false })
      expect(seats.body).toContainEqual({ seat: { row: 30, number: 50 }, price: "300", available: true })
    })
  )

  answers(
    "it is denied when somebody has the seats, or nobody knows them",
    Effect.gen(function* () {
      yield* place("first")
      yield* untilStatus("first", "Confirmed")
      yield* place("second")
      yield* untilStatus("second", "Denied")
      yield* place("third", { concertId: "nowhere" })
      yield* untilStatus("third", "Denied")
      yield* pay("second")
      const reason = "BookingIsDenied: the booking was denied: already booked: row 1 seat 1"
      expect((yield* untilPayment("p-1", "refused")).body).toMatchObject({ reason })
    })
  )

  answers(
    "it is paid once it is confirmed, once; a repeat is harmless, another payment refused",
    Effect.gen(function* () {
      yield* place("b")
      yield* untilStatus("b", "Confirmed")
      const paid = yield* pay("b")
      expect(paid).toMatchObject({ status: 202, body: { paymentId: "p-1", bookingId: "b", state: "received" } })
      expect((yield* untilStatus("b", "Settled")).body).toMatchObject({ expiresAt: null })
      yield* untilPayment("p-1", "taken")
      expect(yield* pay("b")).toMatchObject({ status: 202, body: { state: "taken" } })
      yield* pay("b", "p-2")
      yield* untilPayment("p-2", "refused")
      expect((yield* request("GET", "/refused-payments")).body).toMatchObject([
        { paymentId: "p-2", reason: "BookingIsAlreadySettled: the booking is settled" }
      ])
      expect(yield* cancel("b")).toMatchObject({ status: 409, body: { _tag: "BookingIsAlreadySettled" } })
    })
  )

  answers(
    "it is cancelled, and cancelling again is harmless",
    Effect.gen(function* () {
      yield* place("b")
      const cancelled = yield* cancel("b")
      expect(cancelled.status).toBe(200)
      const read = yield* request("GET", `/clients/ann/bookings/b?token=${String(field(cancelled, "token"))}`)
      expect(read.body).toMatchObject({ status: "Cancelled" })
      expect((yield* cancel("b")).status).toBe(200)
    })
  )
})

describe("asking for a later version", () => {
  answers(
    "answers when the booking has one, at once where it has one already, and with the present one after a while",
    Effect.gen(function* () {
      yield* place("b")
      yield* untilStatus("b", "Confirmed")
      const one = yield* request("GET", "/clients/ann/bookings/b?after=1")
      expect([one.status, field(one, "version")]).toEqual([200, 2])

      const next = yield* Effect.fork(request("GET", "/clients/ann/bookings/b?after=2"))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.poll(next)).toEqual(Option.none())
      yield* cancel("b")
      yield* TestClock.adjust("1 second")
      const two = yield* Fiber.join(next)
      expect([two.status, field(two, "version"), field(two, "status")]).toEqual([200, 3, "Cancelled"])

      const late = yield* Effect.fork(request("GET", "/clients/ann/bookings/b?after=3"))
      yield* TestClock.adjust("4 seconds")
      expect(yield* Fiber.poll(late)).toEqual(Option.none())
      yield* TestClock.adjust("2 seconds")
      const same = yield* Fiber.join(late)
      expect([same.status, field(same, "version")]).toEqual([200, 3])
    })
  )

  answers(
    "waits for nothing that is not the client's own",
    Effect.gen(function* () {
      yield* place("b")
      yield* untilStatus("b", "Confirmed")
      const [foreign, none] = [
        yield* request("GET", "/clients/bob/bookings/b?after=9"),
        yield* request("GET", "/clients/ann/bookings/c?after=9")
      ]
      expect([foreign.status, none.status]).toEqual([404, 404])
    })
  )
})

describe("a payment", () => {
  answers(
    "is kept before its booking is confirmed, or is there at all; what is refused can be tried again",
    Effect.gen(function* () {
      yield* pay("b")
      yield* untilPayment("p-1", "refused")
      expect((yield* request("GET", "/payments/p-1")).body).toMatchObject({
        reason: "BookingNotFound: there is no such booking"
      })
      yield* place("b")
      yield* untilStatus("b", "Confirmed")
      expect(yield* request("POST", "/payments/p-1/again", {})).toMatchObject({
        status: 202,
        body: { state: "received" }
      })
      yield* untilPayment("p-1", "taken")
      yield* untilStatus("b", "Settled")
    })
  )

  answers(
    "of an id that another booking's has is refused: 409; one that nobody knows is none: 404",
    Effect.gen(function* () {
      yield* pay("b")
      expect(yield* pay("b-2")).toMatchObject({ status: 409, body: { _tag: "PaymentIdTaken" } })
      expect(yield* pay("b", "p-1", "bob")).toMatchObject({ status: 409, body: { _tag: "PaymentIdTaken" } })
      const nothing = { status: 404, body: { _tag: "PaymentNotFound" } }
      expect(yield* request("GET", "/payments/p-2")).toMatchObject(nothing)
      expect(yield* request("POST", "/payments/p-2/again", {})).toMatchObject(nothing)
    })
  )
})

describe("a stranger", () => {
  answers(
    "does not see, cancel or pay another client's booking: 404",
    Effect.gen(function* () {
      yield* place("b")
      yield* untilStatus("b", "Confirmed")
      const nothing = { status: 404, body: { _tag: "BookingNotFound" } }
      expect(yield* request("GET", "/clients/bob/bookings/b")).toMatchObject(nothing)
      expect(yield* cancel("b", "bob")).toMatchObject(nothing)
      yield* pay("b", "p-1", "bob")
      expect((yield* untilPayment("p-1", "refused")).body).toMatchObject({
        reason: "BookingNotFound: there is no such booking"
      })
      expect((yield* request("GET", "/clients/bob/bookings")).body).toEqual([])
      expect(field(yield* untilStatus("b", "Confirmed"), "status")).toBe("Confirmed")
    })
  )

  answers(
    "what does not exist answers 404 by name",
    Effect.gen(function* () {
      expect(yield* cancel("none")).toMatchObject({ status: 404, body: { _tag: "BookingNotFound" } })
      expect(yield* request("GET", "/clients/ann/bookings/none")).toMatchObject({ status: 404 })
      expect(yield* request("GET", "/concerts/none/seats")).toMatchObject({
        status: 404,
        body: { _tag: "ConcertNotFound" }
      })
      expect(yield* request("GET", "/nothing")).toMatchObject({ status: 404, body: { _tag: "RouteNotFound" } })
    })
  )
})

describe("listing", () => {
  answers(
    "gives a client's own bookings",
    Effect.gen(function* () {
      yield* place("b-2", { seats: [{ row: 2, number: 2 }] })
      yield* request("POST", "/clients/bob/bookings", { ...order, bookingId: "b-3" })
      const last = yield* place("b-1")
      yield* untilStatus("b-2", "Confirmed")
      const listed = yield* request("GET", `/clients/ann/bookings?token=${String(field(last, "token"))}`)
      expect(listed.body).toMatchObject([{ bookingId: "b-1" }, { bookingId: "b-2" }])
    })
  )
})

describe("the node", () => {
  answers(
    "is alive, is ready once its processes run, tells what happened, and documents itself",
    Effect.gen(function* () {
      yield* place("b")
      yield* untilStatus("b", "Confirmed")
      expect((yield* request("GET", "/health")).status).toBe(200)
      expect(yield* request("GET", "/ready")).toMatchObject({
        status: 200,
        body: {
          deployments: [
            { name: "BookingViewProjection", processes: 20, running: 20 },
            { name: "BookingConfirmation", processes: 20, running: 20 },
            { name: "BookingRelease", processes: 20, running: 20 },
            { name: "BookingExpiration", processes: 1, running: 1 },
            { name: "BookingPayment", processes: 4, running: 4 }
          ]
        }
      })
      const seen = yield* request("GET", "/processes")
      expect(seen.status).toBe(200)
      expect(seen.body).toHaveLength(65)
      expect(seen.body).toContainEqual(
        expect.objectContaining({
          deployment: "BookingConfirmation",
          index: 19,
          desired: true,
          actual: "Running",
          runner: "local",
          lastError: null
        })
      )
      const events = yield* request("GET", "/bookings/b/events")
      expect(events).toMatchObject({
        status: 200,
        body: [
          { sequence: 1, event: { _tag: "BookingPlaced", clientId: "ann" } },
          { sequence: 2, event: { _tag: "BookingConfirmed" } }
        ]
      })
      expect(yield* request("GET", "/bookings/nobody/events")).toMatchObject({ status: 200, body: [] })
      const spec = yield* request("GET", "/openapi.json")
      expect(Object.keys(field(spec, "paths") as object)).toEqual(
        expect.arrayContaining(["/clients/{clientId}/bookings/{bookingId}", "/payments", "/refused-payments"])
      )
      const page = yield* request("GET", "/docs")
      expect([page.status, page.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")])
    })
  )
})
