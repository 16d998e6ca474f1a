/**
 * The ticket reservation in the memory of this process, for tests and trials. Each call is one synchronous step.
 */
import { Array, DateTime, Effect, Either, Layer } from "effect"
import type { BookingId, ConcertId } from "../domain/Ids.js"
import * as Seat from "../domain/Seat.js"
import type { Ticket } from "../domain/Ticket.js"
import { concerts } from "./Concerts.js"
import * as T from "./TicketReservation.js"

/** A seat and who has it. */
interface Place extends Ticket {
  takenBy: BookingId | undefined
}

const make = (settings: T.Settings) =>
  Effect.sync(() => {
    const halls = new Map<ConcertId, ReadonlyArray<Place>>(
      Array.map([...concerts], ([id, tickets]) => [id, tickets.map((ticket) => ({ ...ticket, takenBy: undefined }))])
    )
    const answers = new Map<BookingId, T.Answer>()

    const decide = (
      bookingId: BookingId,
      hall: ReadonlyArray<Place>,
      wanted: Seat.Seats,
      now: DateTime.Utc
    ): T.Answer => {
      const seats = Array.sort(wanted, Seat.order)
      const placeOf = (seat: Seat.Seat) => hall.find((place) => Seat.equals(place.seat, seat))
      const unknown = seats.filter((seat) => placeOf(seat) === undefined)
      if (Array.isNonEmptyReadonlyArray(unknown)) return new T.UnknownSeats({ seats: unknown })
      const taken = seats.filter((seat) => placeOf(seat)?.takenBy !== undefined)
      if (Array.isNonEmptyReadonlyArray(taken)) return new T.SeatsAlreadyBooked({ seats: taken })
      const places = hall.filter((place) => Array.containsWith(Seat.equals)(seats, place.seat))
      for (const place of places) place.takenBy = bookingId
      const tickets = places.map(({ price, seat }) => ({ seat, price }))
      const expiresAt = DateTime.addDuration(now, T.expiryOf(settings))
      return Array.isNonEmptyReadonlyArray(tickets)
        ? new T.SeatsHeld({ tickets, expiresAt })
        : new T.UnknownSeats({ seats: wanted })
    }

    return T.TicketReservation.of({
      reserve: (bookingId, concertId, seats) =>
        Effect.flatMap(DateTime.now, (now) => {
          const answer = answers.get(bookingId) ?? decide(bookingId, halls.get(concertId) ?? [], seats, now)
          answers.set(bookingId, answer)
          return answer._tag === "SeatsHeld" ? Either.right(answer) : Either.left(answer)
        }),

      release: (bookingId) =>
        Effect.sync(() => {
          const before = answers.get(bookingId)
          // a refusal stays what it was
          if (before === undefined || before._tag === "SeatsHeld") answers.set(bookingId, new T.ReservationReleased())
          for (const place of [...halls.values()].flat()) {
            if (place.takenBy === bookingId) place.takenBy = undefined
          }
        }),

      seats: (concertId) =>
        Effect.sync(() =>
          (halls.get(concertId) ?? []).map(({ price, seat, takenBy }) => ({
            seat,
            price,
            available: takenBy === undefined
          }))
        )
    })
  })

export const layer = (settings: T.Settings = {}): Layer.Layer<T.TicketReservation> =>
  Layer.effect(T.TicketReservation, make(settings))
