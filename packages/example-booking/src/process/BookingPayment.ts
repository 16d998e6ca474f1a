/**
 * Takes payments from their inbox: four processes, each with a share of it. A payment is told its booking, and leaves the
 * inbox's waiting ones when the booking has said whether it takes it.
 *
 * A booking that is not confirmed yet is asked again later, ever more rarely; so is one that does not answer, or meets a
 * defect: it holds up no other's payment. Every other refusal is final: it is kept with its reason, for the money to be
 * given back. A payment that is told twice, after a crash or by a second copy, is taken once: the booking knows it by its
 * id.
 */
import { type CommandFailed, Process } from "@aecor/core"
import { Array, Data, DateTime, Duration, Effect } from "effect"
import { Booking } from "../domain/Booking.js"
import { BookingNotFound } from "../domain/BookingRejection.js"
import { type Payment, PaymentInbox, type Share } from "../payment/PaymentInbox.js"

const name = "BookingPayment"

/** How many are looked at together, and how many of them at once. */
const most = 100
const atOnce = 8

/** How long to wait when nothing is due: until it is known that a payment has come, and no longer than this. */
const longest = Duration.seconds(5)

/** When to try again, after so many attempts. */
const delay = (attempts: number): Duration.Duration =>
  Duration.min(Duration.times(Duration.millis(200), 2 ** Math.min(attempts, 10)), Duration.minutes(1))

/** The booking met a defect: an event that cannot be read, or cannot follow the others. */
class BookingBroken extends Data.TaggedError("BookingBroken")<{ readonly cause: unknown }> {}

/** Tells a booking of its payment; a booking of somebody else's is none. */
const pay = Effect.fnUntraced(
  function* ({ bookingId, clientId, paymentId }: Payment) {
    const booking = (yield* Booking)(bookingId)
    const { clientId: owner } = yield* booking.Status()
    if (owner !== clientId) return yield* new BookingNotFound()
    yield* booking.ReceivePayment({ paymentId }, { commandId: `${name}/${paymentId}` })
  },
  Effect.catchAllDefect((cause) => new BookingBroken({ cause }))
)

/** Does about one payment what can be done now. */
export const settle = Effect.fn(name)(function* (payment: Payment) {
  const { attempts, paymentId } = payment
  const inbox = yield* PaymentInbox
  const later = Effect.flatMap(DateTime.now, (now) =>
    inbox.postpone(paymentId, DateTime.addDuration(now, delay(attempts)))
  )
  const unanswered = (error: CommandFailed.CommandFailed | BookingBroken) =>
    Effect.zipRight(Effect.logWarning(`payment ${paymentId} was not answered, and is tried again`, error), later)
  yield* Effect.matchEffect(pay(payment), {
    onSuccess: () => inbox.take(paymentId),
    onFailure: (error) => {
      if (error._tag === "CommandFailed" || error._tag === "BookingBroken") return unanswered(error)
      return error._tag === "BookingIsNotConfirmed" ? later : inbox.refuse(paymentId, `${error._tag}: ${error.message}`)
    }
  })
})

/** Settles what is due of a share, or waits for it. */
const round = (share: Share) =>
  Effect.gen(function* () {
    const inbox = yield* PaymentInbox
    const heard = yield* inbox.arrivals
    const waiting = yield* inbox.waiting(share, most)
    const now = yield* DateTime.now
    const due = waiting.filter(({ dueAt }) => DateTime.lessThanOrEqualTo(dueAt, now))
    yield* Effect.forEach(due, settle, { concurrency: atOnce, discard: true })
    if (due.length > 0) return
    const next = waiting[0] === undefined ? longest : DateTime.distanceDuration(now, waiting[0].dueAt)
    yield* Effect.raceFirst(inbox.arrivedSince(heard), Effect.sleep(Duration.min(next, longest)))
  })

const shares = 4

export const bookingPayment = {
  name,
  processes: Array.makeBy(shares, (index) => Process.fromEffect(Effect.forever(round({ index, of: shares }))))
} as const
