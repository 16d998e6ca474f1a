/** How long what does not answer is asked again, before a process ends and its tag waits for a restart. */
import { Effect, Schedule } from "effect"
import type { TicketReservationError } from "../reservation/TicketReservation.js"

const schedule = Schedule.exponential("50 millis").pipe(
  Schedule.union(Schedule.spaced("1 second")),
  Schedule.upTo("10 seconds")
)

/** Asks the ticket reservation again while it does not answer. What it refuses is an answer. */
export const whileSilent = <A, E extends { readonly _tag: string }, R>(
  request: Effect.Effect<A, E | TicketReservationError, R>
): Effect.Effect<A, E | TicketReservationError, R> =>
  Effect.retry(request, { schedule, while: (error) => error._tag === "TicketReservationError" })
