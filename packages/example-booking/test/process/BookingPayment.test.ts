/** What BookingPayment does about a payment: each ends as taken or refused, once, whatever happens between. */
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, FastCheck, Layer, Option, Stream, TestClock } from "effect"
import * as Booking from "../../src/domain/Booking.js"
import { BookingSettled } from "../../src/domain/BookingEvent.js"
import { BookingId, PaymentId } from "../../src/domain/Ids.js"
import { Memory } from "../../src/memory.js"
import { PaymentInbox, PaymentInboxError } from "../../src/payment/PaymentInbox.js"
import { settle } from "../../src/process/BookingPayment.js"
import * as fixture from "../domain/fixtures.js"

const app = Layer.provideMerge(Booking.layer, Memory)

const bookingId = BookingId.make("b-1")
const { clientId, paymentId } = fixture

const booking = Effect.map(Booking.Booking, (_) => _(bookingId))
const place = Effect.flatMap(booking, (_) => _.Place(fixture.order))
const confirm = Effect.flatMap(booking, (_) => _.Confirm({ tickets: fixture.tickets, expiresAt: Option.none() }))
const cancel = Effect.flatMap(booking, (_) => _.Cancel({ reason: "ill" }))
const receive = (id = paymentId, client = clientId) =>
  Effect.flatMap(PaymentInbox, (_) => _.receive({ paymentId: id, clientId: client, bookingId }))
const stateOf = (id = paymentId) =>
  Effect.map(
    Effect.flatMap(PaymentInbox, (_) => _.get(id)),
    (found) => Option.getOrThrow(found)
  )
const payments = Effect.flatMap(Booking.BookingJournal, (journal) =>
  Effect.map(Stream.runCollect(journal.read(bookingId, 1)), (all) =>
    Chunk.toReadonlyArray(all).flatMap(({ event }) => (event._tag === "BookingPaid" ? [event.paymentId] : []))
  )
)

describe("BookingPayment", () => {
  it.effect("takes a payment for a confirmed booking", () =>
    Effect.gen(function* () {
      yield* place
      yield* confirm
      yield* settle(yield* receive())
      expect((yield* stateOf()).state).toBe("taken")
      expect(yield* payments).toEqual([paymentId])
    }).pipe(Effect.provide(app))
  )

  it.effect("tries again later, ever more rarely, while the booking is not confirmed", () =>
    Effect.gen(function* () {
      yield* place
      const received = yield* receive()
      yield* settle(received)
      const once = yield* stateOf()
      yield* settle(once)
      const twice = yield* stateOf()
      expect([once.state, once.attempts, twice.attempts]).toEqual(["received", 1, 2])
      const delays = [once, twice].map(({ dueAt }) => dueAt.epochMillis - received.dueAt.epochMillis)
      expect(delays).toEqual([200, 400])
      yield* confirm
      yield* settle(twice)
      expect((yield* stateOf()).state).toBe("taken")
    }).pipe(Effect.provide(app))
  )

  it.effect("keeps every other refusal with its reason, for good, until it is tried again", () =>
    Effect.gen(function* () {
      const inbox = yield* PaymentInbox
      yield* settle(yield* receive())
      expect((yield* stateOf()).reason).toEqual(Option.some("BookingNotFound: there is no such booking"))
      yield* place
      yield* cancel
      expect((yield* stateOf()).state).toBe("refused")
      yield* settle(Option.getOrThrow(yield* inbox.again(paymentId)))
      const cancelled = Option.some("BookingIsAlreadyCanceled: the booking was cancelled: ill")
      expect((yield* stateOf()).reason).toEqual(cancelled)
      expect(yield* payments).toEqual([])
    }).pipe(Effect.provide(app))
  )

  it.effect("refuses the payment of a stranger, and a second one for a booking that is paid", () =>
    Effect.gen(function* () {
      yield* place
      yield* confirm
      const [second, third] = [PaymentId.make("p-2"), PaymentId.make("p-3")]
      yield* settle(yield* receive())
      yield* settle(yield* receive(second))
      yield* settle(yield* receive(third, fixture.stranger))
      expect((yield* stateOf(second)).reason).toEqual(Option.some("BookingIsAlreadySettled: the booking is settled"))
      expect((yield* stateOf(third)).reason).toEqual(Option.some("BookingNotFound: there is no such booking"))
      expect(yield* payments).toEqual([paymentId])
    }).pipe(Effect.provide(app))
  )

  it.effect.prop(
    "loses no payment and takes none twice, wherever it crashes and whoever else works on the inbox",
    { script: FastCheck.array(FastCheck.constantFrom("crashBefore", "crashAfter", "none"), { maxLength: 6 }) },
    ({ script }) =>
      Effect.gen(function* () {
        yield* place
        yield* receive()
        const left = [...script]
        const inbox = yield* PaymentInbox
        const crash = new PaymentInboxError({ description: "gone" })
        const faulty = <A>(call: Effect.Effect<A, PaymentInboxError>) =>
          Effect.suspend(() => {
            const fault = left.shift() ?? "none"
            if (fault === "crashBefore") return crash
            return fault === "crashAfter" ? Effect.zipRight(call, crash) : call
          })
        const crashing = {
          ...inbox,
          take: (id: PaymentId) => faulty(inbox.take(id)),
          postpone: (...args: Parameters<typeof inbox.postpone>) => faulty(inbox.postpone(...args))
        }
        const round = Effect.gen(function* () {
          const waiting = yield* inbox.waiting({ index: 0, of: 1 }, 10)
          // two copies at once
          const both = Effect.all(
            [settle, settle].map((copy) => Effect.forEach(waiting, copy, { discard: true })),
            {
              concurrency: "unbounded"
            }
          )
          yield* Effect.option(Effect.provideService(both, PaymentInbox, crashing))
        })
        yield* Effect.repeatN(round, script.length)
        yield* confirm
        yield* Effect.repeatN(round, script.length)
        expect((yield* stateOf()).state).toBe("taken")
        expect(yield* payments).toEqual([paymentId])
      }).pipe(Effect.provide(app)),
    { fastCheck: { numRuns: 20 } }
  )

  it.effect("a booking that meets a defect keeps its payment waiting, and holds up no other's", () =>
    Effect.gen(function* () {
      const inbox = yield* PaymentInbox
      yield* place
      yield* confirm
      yield* receive()
      const broken = { paymentId: PaymentId.make("p-2"), clientId, bookingId: BookingId.make("b-2") }
      const journal = yield* Booking.BookingJournal
      yield* journal.append(broken.bookingId, 0, [new BookingSettled()])
      yield* inbox.receive(broken)
      yield* Effect.forEach(yield* inbox.waiting({ index: 0, of: 1 }, 10), settle, { concurrency: 2 })
      expect((yield* stateOf()).state).toBe("taken")
      expect(yield* stateOf(broken.paymentId)).toMatchObject({ state: "received", attempts: 1 })
    }).pipe(Effect.provide(app))
  )

  it.effect("keeps a payment whose booking does not answer, and tries it again", () =>
    Effect.gen(function* () {
      const received = yield* receive()
      yield* settle(received)
      expect(yield* stateOf()).toMatchObject({ state: "received", attempts: 1 })
      yield* TestClock.adjust("1 second")
    }).pipe(Effect.provide(Layer.provideMerge(Booking.Booking.layerClient, Memory)))
  )
})
