/** What every inbox of payments does: the conformance suite of the port. */
import { describe, expect, it } from "@effect/vitest"
import { Array, DateTime, Duration, Effect, Fiber, type Layer, Option } from "effect"
import { BookingId, ClientId, PaymentId } from "../../src/domain/Ids.js"
import { PaymentIdTaken, PaymentInbox, type Received } from "../../src/payment/PaymentInbox.js"

/** `layer` begins empty each time it is built. */
export const suite = <E>(name: string, layer: Layer.Layer<PaymentInbox, E>): void => {
  const holds = (title: string, test: Effect.Effect<void, unknown, PaymentInbox>) =>
    it.live(title, () => Effect.provide(test, layer))

  describe(`PaymentInbox (${name})`, () => {
    holds(
      "keeps a payment, to be tried at once; the same one again changes nothing",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        const first = yield* inbox.receive(payment("p"))
        expect(first).toMatchObject({ ...payment("p"), state: "received", reason: Option.none(), attempts: 0 })
        expect(yield* inbox.receive(payment("p"))).toEqual(first)
        expect(yield* inbox.get(payment("p").paymentId)).toEqual(Option.some(first))
        expect(yield* inbox.waiting(all, 10)).toEqual([first])
        expect(yield* inbox.get(payment("other").paymentId)).toEqual(Option.none())
      })
    )

    holds(
      "refuses an id that comes again for another booking, or of another client, whatever has become of the first",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        const { paymentId } = yield* inbox.receive(payment("p"))
        const others = [payment("p", { booking: "b-2" }), payment("p", { client: "bob" })]
        const check = Effect.forEach(others, (other) =>
          Effect.map(Effect.flip(inbox.receive(other)), (error) => expect(error).toBeInstanceOf(PaymentIdTaken))
        )
        yield* check
        yield* inbox.take(paymentId)
        yield* check
        expect(Option.getOrThrow(yield* inbox.get(paymentId))).toMatchObject({ ...payment("p"), state: "taken" })
      })
    )

    holds(
      "gives one of many callers at once the id",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        const bookings = Array.makeBy(30, (i) => payment("p", { booking: `b-${i % 3}` }))
        const answers = yield* Effect.forEach(bookings, (one) => Effect.option(inbox.receive(one)), {
          concurrency: "unbounded"
        })
        const winners = Array.getSomes(answers)
        expect(winners.length).toBe(10)
        expect(new Set(winners.map(({ bookingId }) => bookingId)).size).toBe(1)
      })
    )

    holds(
      "is taken or refused once: what comes second changes nothing",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        const taken = (yield* inbox.receive(payment("taken"))).paymentId
        const refused = (yield* inbox.receive(payment("refused"))).paymentId
        yield* inbox.take(taken)
        yield* inbox.refuse(refused, "too late")
        const before = yield* Effect.all([inbox.get(taken), inbox.get(refused)])
        const until = DateTime.addDuration(yield* DateTime.now, Duration.hours(1))
        for (const id of [taken, refused]) {
          yield* inbox.refuse(id, "another reason")
          yield* inbox.take(id)
          yield* inbox.postpone(id, until)
        }
        expect(yield* Effect.all([inbox.get(taken), inbox.get(refused)])).toEqual(before)
        const states = before.map((one) => Option.map(one, ({ reason, state }) => [state, reason]))
        expect(states).toEqual([
          Option.some(["taken", Option.none()]),
          Option.some(["refused", Option.some("too late")])
        ])
        expect(yield* inbox.waiting(all, 10)).toEqual([])
      })
    )

    holds(
      "shows a client's, the last first, wherever they stand, and nobody else's",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        for (const [id, client] of [
          ["p-1", "ann"],
          ["p-2", "bob"],
          ["p-3", "ann"]
        ] as const) {
          yield* inbox.receive(payment(id, { client }))
          yield* Effect.sleep("5 millis")
        }
        yield* inbox.refuse(payment("p-1").paymentId, "too late")
        const standing = (client: string) =>
          Effect.map(inbox.ofClient(ClientId.make(client)), (found) =>
            found.map(({ paymentId, reason, state }) => [String(paymentId), state, Option.getOrNull(reason)])
          )
        expect(yield* standing("ann")).toEqual([
          ["p-3", "received", null],
          ["p-1", "refused", "too late"]
        ])
        expect(yield* standing("bob")).toEqual([["p-2", "received", null]])
        expect(yield* standing("cy")).toEqual([])
      })
    )

    holds(
      "shows the refused ones, the last first, until they are tried again",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        for (const id of ["p-1", "p-2", "p-3"]) {
          const { paymentId } = yield* inbox.receive(payment(id))
          if (id !== "p-3") yield* inbox.refuse(paymentId, `no ${id}`)
          yield* Effect.sleep("5 millis")
        }
        const refused = Effect.map(inbox.refused, (found) => found.map(({ paymentId }) => String(paymentId)))
        expect(yield* refused).toEqual(["p-2", "p-1"])
        const again = Option.getOrThrow(yield* inbox.again(payment("p-1").paymentId))
        expect(again).toMatchObject({ state: "received", reason: Option.none(), settledAt: Option.none() })
        expect(yield* refused).toEqual(["p-2"])
        expect((yield* inbox.waiting(all, 10)).map(({ paymentId }) => String(paymentId)).toSorted()).toEqual([
          "p-1",
          "p-3"
        ])
        const untouched = yield* inbox.get(payment("p-3").paymentId)
        expect(yield* inbox.again(payment("p-3").paymentId)).toEqual(untouched)
        expect(yield* inbox.again(payment("none").paymentId)).toEqual(Option.none())
      })
    )

    holds(
      "gives those first that are due first, so many at the most, and counts the attempts",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        const now = yield* DateTime.now
        for (const [i, id] of ["p-0", "p-1", "p-2"].entries()) {
          const { paymentId } = yield* inbox.receive(payment(id))
          yield* inbox.postpone(paymentId, DateTime.addDuration(now, Duration.minutes(3 - i)))
        }
        const waiting = yield* inbox.waiting(all, 2)
        expect(waiting.map(({ attempts, paymentId }) => [String(paymentId), attempts])).toEqual([
          ["p-2", 1],
          ["p-1", 1]
        ])
        expect(waiting[0]?.dueAt).toEqual(DateTime.addDuration(now, Duration.minutes(1)))
      })
    )

    holds(
      "has every payment in one share, and those of a booking in the same",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        const payments = Array.makeBy(40, (i) => payment(`p-${i}`, { booking: `b-${i % 20}` }))
        yield* Effect.forEach(payments, inbox.receive)
        const shares = yield* Effect.forEach([0, 1, 2, 3], (index) => inbox.waiting({ index, of: 4 }, 100))
        expect(shares.flat().length).toBe(40)
        expect(new Set(shares.flat().map(({ paymentId }) => paymentId)).size).toBe(40)
        const bookings = shares.map((share) => new Set(share.map(({ bookingId }) => bookingId)))
        expect(bookings.reduce((sum, { size }) => sum + size, 0)).toBe(20)
        expect(shares.every((share) => share.length > 0)).toBe(true)
      })
    )

    holds(
      "tells who waits that a payment has come, also one that is tried again",
      Effect.gen(function* () {
        const inbox = yield* PaymentInbox
        const before = yield* inbox.arrivals
        const waiting = yield* Effect.fork(inbox.arrivedSince(before))
        const { paymentId } = yield* inbox.receive(payment("p"))
        yield* Fiber.join(waiting)
        yield* inbox.arrivedSince(before)
        yield* inbox.refuse(paymentId, "no")
        const refused = yield* inbox.arrivals
        yield* inbox.again(paymentId)
        yield* inbox.arrivedSince(refused)
      }).pipe(Effect.timeout("30 seconds"))
    )
  })
}

const all = { index: 0, of: 1 }

const payment = (
  id: string,
  { booking = "b-1", client = "ann" }: { readonly booking?: string; readonly client?: string } = {}
): Received => ({
  paymentId: PaymentId.make(id),
  clientId: ClientId.make(client),
  bookingId: BookingId.make(booking)
})
