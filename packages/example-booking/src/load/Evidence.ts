/**
 * What the service says of a sale that is over, asked over HTTP as anybody can: where the bookings and the payments stand,
 * what happened to each booking, and how it is shown.
 */
import { Data, Effect, Option, Schedule } from "effect"
import type { PaymentId } from "../domain/Ids.js"
import type { Payment } from "../payment/PaymentInbox.js"
import { type Front, isRefusal } from "../run/front.js"
import type { History, Standing } from "../run/invariants.js"
import type { BookingRow } from "../view/BookingRow.js"
import type { Promised } from "./Sale.js"

/** The service does not come to rest. */
export class Unsaid extends Data.TaggedError("Unsaid")<{ readonly message: string }> {}

/** How long the service may take to come to rest, and how often it is asked. */
const patience = "2 minutes"
const interval = "200 millis"
/** How long a view may take to show what is known to have happened. */
const viewPatience = "20 seconds"
/** How many questions at once. */
const atOnce = 16

/** Asks until the answer will do. What is not there has no answer, and will not have one. */
const settled = <A, E extends { readonly _tag: string }, R>(
  what: string,
  ask: Effect.Effect<A, E, R>,
  isSettled: (answer: A) => boolean
) =>
  Effect.repeat(ask, Schedule.recurUntil(isSettled).pipe(Schedule.addDelay(() => interval))).pipe(
    Effect.timeoutFail({ duration: patience, onTimeout: () => new Unsaid({ message: `${what} in time` }) }),
    Effect.asSome,
    Effect.catchIf(
      (error): error is Exclude<E, Unsaid> => error._tag !== "Unsaid" && isRefusal(error),
      () => Effect.succeedNone
    )
  )

export interface Evidence {
  readonly histories: ReadonlyMap<string, History>
  readonly rows: ReadonlyMap<string, Option.Option<BookingRow>>
  readonly payments: ReadonlyMap<PaymentId, Standing>
}

const isDecided = ({ status }: BookingRow) => status !== "AwaitingConfirmation"
const isOver = ({ state }: Payment) => state !== "received"

/** Waits until every booking and every payment has been decided, and gathers what is said of them. */
export const gather = (front: Front, bookings: ReadonlyArray<Promised>, paymentIds: ReadonlyArray<PaymentId>) =>
  Effect.gen(function* () {
    const { ask } = front
    const look = ({ bookingId, clientId }: Promised, sequence?: number) =>
      ask((_) =>
        _.bookings.get({
          path: { clientId, bookingId },
          urlParams: {
            token: Option.map(Option.fromNullable(sequence), (seen) => ({ key: bookingId, sequence: seen }))
          }
        })
      )
    yield* Effect.forEach(
      bookings,
      (one) => settled(`${one.bookingId} is neither confirmed nor denied`, look(one), isDecided),
      { concurrency: atOnce, discard: true }
    )
    const payments = yield* Effect.forEach(
      new Set(paymentIds),
      (paymentId) =>
        Effect.map(
          settled(
            `payment ${paymentId} is neither taken nor refused`,
            ask((_) => _.payments.get({ path: { paymentId } })),
            isOver
          ),
          Option.map((payment: Payment) => [paymentId, payment] as const)
        ),
      { concurrency: atOnce }
    )
    const told = yield* Effect.forEach(
      bookings,
      (one) =>
        Effect.gen(function* () {
          const { bookingId } = one
          const happened = yield* ask((_) => _.events({ path: { bookingId } }))
          const events = happened.map((event) => ({ ...event, key: bookingId }))
          const row = yield* look(one, events.at(-1)?.sequence).pipe(
            Effect.timeout(viewPatience),
            Effect.tapError((error) => Effect.logDebug(`how ${bookingId} is shown cannot be read`, error)),
            Effect.option
          )
          return { key: bookingId, events, row }
        }),
      { concurrency: atOnce }
    )
    const evidence: Evidence = {
      histories: new Map(told.map(({ events, key }) => [key, events])),
      rows: new Map(told.map(({ key, row }) => [key, row])),
      payments: new Map(payments.flatMap(Option.toArray))
    }
    return evidence
  })
