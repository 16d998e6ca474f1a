/**
 * Random lives of bookings over HTTP, with payments through the inbox, and every request delivered once or more often, as
 * by a client that has not heard the answer: against a model that was written from the rules alone.
 */
import { expect, it } from "@effect/vitest"
import { Duration, Effect, FastCheck as fc, Layer, TestClock } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { memoryWith } from "../../src/memory.js"
import * as Processes from "../../src/processes.js"
import { field, layer as inProcess, request } from "./client.js"

/** So long a booking may be paid, and so long it takes until one that was not has expired. */
const expiry = Duration.minutes(1)
const expired = Duration.sum(expiry, Duration.seconds(20))

const app = Layer.mergeAll(inProcess, Processes.layer).pipe(
  Layer.provide(Booking.layer),
  Layer.provide(memoryWith({ expiry, expireEvery: Duration.seconds(10) }))
)

it.effect(
  "any life over HTTP comes to what the rules say, however often each request is delivered",
  () =>
    Effect.gen(function* () {
      // somebody has the seat that some want, and has paid for it
      yield* place("first", 1, 1)
      yield* untilQuiet("first")
      yield* pay("first", "first")
      yield* untilSettled("first")

      for (const [i, life] of fc.sample(lives, 12).entries()) {
        const model = new Model(life.seatIsFree)
        const bookingId = `life-${i}`
        for (const step of life.steps) {
          for (let time = 0; time < step.times; time++) {
            const answer = yield* deliver(bookingId, i, life.seatIsFree, step)
            expect({ life, step, time, answer }).toEqual({ life, step, time, answer: model.answer(step) })
          }
        }
        const { body } = yield* request("GET", `/bookings/${bookingId}/events`)
        const payments = yield* Effect.forEach(model.payments.keys(), (id) => standingOf(`${bookingId}-${id}`))
        expect({
          life,
          status: yield* statusOf(bookingId),
          events: Array.isArray(body) ? body.length : body,
          payments
        }).toEqual({
          life,
          status: model.status,
          events: model.events,
          payments: [...model.payments.values()]
        })
      }
    }).pipe(Effect.provide(app)),
  120_000
)

/** What is done, and how often it is delivered. `pay` and `again` have one of two payments. */
interface Step {
  readonly what: "place" | "placeOther" | "cancel" | "pay" | "again" | "payByAnothersId" | "wait"
  readonly payment: "a" | "b"
  readonly times: number
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom("place", "placeOther", "cancel", "pay", "pay", "again", "payByAnothersId", "wait"),
  payment: fc.constantFrom("a", "b"),
  times: fc.integer({ min: 1, max: 3 })
})

/** Most are placed first; the others are paid for, or cancelled, before there is anything. */
const lives = fc.record({
  seatIsFree: fc.boolean(),
  steps: fc.oneof(
    fc.array(step, { minLength: 1, maxLength: 6 }),
    fc
      .array(step, { maxLength: 6 })
      .map((steps): ReadonlyArray<Step> => [{ what: "place", payment: "a", times: 1 }, ...steps])
  )
})

/** Sends the request of a step; gives its status when everything that it has caused is done. */
function deliver(bookingId: string, life: number, seatIsFree: boolean, { payment, what }: Step) {
  const id = `${bookingId}-${payment}`
  // a row of its own for each life; the first one's only seat is taken
  const row = 2 + life
  return Effect.gen(function* () {
    if (what === "wait") {
      yield* TestClock.adjust(expired)
      return 0
    }
    if (what === "place" || what === "placeOther") {
      const { status } = yield* what === "place" && !seatIsFree
        ? place(bookingId, 1, 1)
        : place(bookingId, row, what === "place" ? 1 : 50)
      if (status === 201) yield* untilQuiet(bookingId)
      return status
    }
    if (what === "cancel") {
      const { status } = yield* request("DELETE", `/clients/ann/bookings/${bookingId}`, { reason: "ill" })
      return status
    }
    if (what === "payByAnothersId") return (yield* pay(bookingId, "first")).status
    const { status } = yield* what === "pay" ? pay(bookingId, id) : request("POST", `/payments/${id}/again`, {})
    if (status === 202) yield* untilSettled(id)
    return status
  })
}

function place(bookingId: string, row: number, number: number) {
  return request("POST", "/clients/ann/bookings", { bookingId, concertId: "concertA", seats: [{ row, number }] })
}

function pay(bookingId: string, paymentId: string) {
  return request("POST", "/payments", { paymentId, clientId: "ann", bookingId })
}

/** The status that the events of a booking lead to: the view may be behind. */
function statusOf(bookingId: string) {
  return Effect.map(request("GET", `/bookings/${bookingId}/events`), ({ body }) => {
    const last: unknown = Array.isArray(body) ? body.at(-1)?.event._tag : undefined
    return last === undefined ? "none" : String(last).replace("Booking", "")
  })
}

/** Where a payment ends: taken, or by which name it is refused. */
function standingOf(paymentId: string) {
  return Effect.map(request("GET", `/payments/${paymentId}`), (payment) => {
    const reason = String(field(payment, "reason")).split(":")[0]
    return field(payment, "state") === "taken" ? "taken" : `${String(field(payment, "state"))} ${reason}`
  })
}

/** The clock stands still while the processes work; this lets them. */
function untilQuiet(bookingId: string) {
  return statusOf(bookingId).pipe(
    Effect.tap(() => TestClock.adjust("10 millis")),
    Effect.repeat({ until: (status) => status !== "Placed", times: 500 })
  )
}

function untilSettled(paymentId: string) {
  return request("GET", `/payments/${paymentId}`).pipe(
    Effect.tap(() => TestClock.adjust("10 millis")),
    Effect.repeat({ until: (answer) => field(answer, "state") !== "received", times: 500 })
  )
}

/** A booking as the rules tell of it. Each answer is the status of HTTP; waiting has none. */
class Model {
  status: "none" | "Confirmed" | "Denied" | "Cancelled" | "Expired" | "Settled" = "none"
  /** Where each payment ends: taken, or why it is refused. */
  readonly payments = new Map<string, string>()

  constructor(private readonly seatIsFree: boolean) {}

  get events(): number {
    return { none: 0, Confirmed: 2, Denied: 2, Cancelled: 3, Expired: 3, Settled: 4 }[this.status]
  }

  answer({ payment, what }: Step): number {
    switch (what) {
      case "place":
        return this.place()
      case "placeOther":
        return this.placeOther()
      case "cancel":
        return this.cancel()
      case "pay":
        if (!this.payments.has(payment)) this.receive(payment)
        return 202
      case "again":
        if (!this.payments.has(payment)) return 404
        if (this.payments.get(payment) !== "taken") this.receive(payment)
        return 202
      case "payByAnothersId":
        return 409
      case "wait":
        if (this.status === "Confirmed") this.status = "Expired"
        return 0
    }
  }

  private isOther = false

  private place(): number {
    if (this.status !== "none") return this.isOther ? 409 : 201
    this.status = this.seatIsFree ? "Confirmed" : "Denied"
    return 201
  }

  /** The other order is for a seat that nobody else wants. */
  private placeOther(): number {
    if (this.status !== "none") return this.isOther ? 201 : 409
    this.isOther = true
    this.status = "Confirmed"
    return 201
  }

  private cancel(): number {
    if (this.status === "none") return 404
    if (this.status === "Settled") return 409
    if (this.status === "Confirmed") this.status = "Cancelled"
    return 200
  }

  private receive(payment: string): void {
    const refusals = {
      none: "BookingNotFound",
      Denied: "BookingIsDenied",
      Cancelled: "BookingIsAlreadyCanceled",
      Expired: "BookingIsExpired",
      Settled: "BookingIsAlreadySettled"
    }
    this.payments.set(payment, this.status === "Confirmed" ? "taken" : `refused ${refusals[this.status]}`)
    if (this.status === "Confirmed") this.status = "Settled"
  }
}
