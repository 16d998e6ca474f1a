/** What every ticket reservation does: the conformance suite of the port. */
import { describe, expect, it } from "@effect/vitest"
import { Array, BigDecimal, DateTime, Duration, Effect, Either, type Layer, Option } from "effect"
import { BookingId, ConcertId } from "../../src/domain/Ids.js"
import * as Money from "../../src/domain/Money.js"
import * as Seat from "../../src/domain/Seat.js"
import * as T from "../../src/reservation/TicketReservation.js"

const concertA = ConcertId.make("concertA")
const concertB = ConcertId.make("concertB")

/** `layer` begins with empty halls each time it is built. */
export const suite = <E>(name: string, layer: Layer.Layer<T.TicketReservation, E>): void => {
  const holds = (title: string, test: Effect.Effect<void, unknown, T.TicketReservation>) =>
    it.live(title, () => Effect.provide(test, layer))

  describe(`TicketReservation (${name})`, () => {
    holds(
      "offers both halls: rows 1 to 10 at 500, 11 to 30 at 300, 50 seats a row, all free",
      Effect.gen(function* () {
        for (const concert of [concertA, concertB]) {
          const offers = yield* seats(concert)
          expect(offers.length).toBe(1500)
          expect(offers.every((offer) => offer.available)).toBe(true)
          expect(Array.every(Array.zip(offers, offers.slice(1)), ([a, b]) => Seat.order(a.seat, b.seat) === -1)).toBe(
            true
          )
          expect(new Set(offers.map((offer) => offer.seat.number)).size).toBe(50)
          const dear = offers.filter((offer) => BigDecimal.equals(offer.price, Money.of(500n)))
          const cheap = offers.filter((offer) => BigDecimal.equals(offer.price, Money.of(300n)))
          expect(dear.map((offer) => offer.seat.row).every((row) => row >= 1 && row <= 10)).toBe(true)
          expect([dear.length, cheap.length]).toEqual([500, 1000])
        }
      })
    )

    holds(
      "has no seats for a concert that it does not know",
      Effect.gen(function* () {
        expect(yield* seats(ConcertId.make("nowhere"))).toEqual([])
        const refused = yield* reserve("b", seat(1, 1), { concert: ConcertId.make("nowhere") })
        expect(refused).toEqual(Either.left(new T.UnknownSeats({ seats: [seat(1, 1)] })))
      })
    )

    holds(
      "holds what is free, at its price, until six hours later",
      Effect.gen(function* () {
        const now = yield* DateTime.now
        const held = yield* Effect.flatten(reserve("b", [seat(11, 2), seat(10, 50)]))
        expect(held.tickets.map((ticket) => [ticket.seat, BigDecimal.unsafeToNumber(ticket.price)])).toEqual([
          [seat(10, 50), 500],
          [seat(11, 2), 300]
        ])
        const after = Duration.toMillis(DateTime.distanceDuration(now, held.expiresAt))
        expect(Math.abs(after - Duration.toMillis("6 hours"))).toBeLessThan(60_000)
        expect(yield* taken).toEqual([seat(10, 50), seat(11, 2)])
      })
    )

    holds(
      "holds the same seat of another concert",
      Effect.gen(function* () {
        yield* Effect.flatten(reserve("a", seat(1, 1)))
        yield* Effect.flatten(reserve("b", seat(1, 1), { concert: concertB }))
      })
    )

    holds(
      "holds all or none: what is taken is named, the rest stays free",
      Effect.gen(function* () {
        yield* reserve("first", [seat(1, 2), seat(1, 3)])
        const refused = yield* reserve("second", [seat(1, 4), seat(1, 3), seat(1, 2), seat(1, 1)])
        expect(refused).toEqual(Either.left(new T.SeatsAlreadyBooked({ seats: [seat(1, 2), seat(1, 3)] })))
        expect(yield* taken).toEqual([seat(1, 2), seat(1, 3)])
      })
    )

    holds(
      "names the seats that do not exist",
      Effect.gen(function* () {
        const refused = yield* reserve("b", [seat(1, 1), seat(31, 1), seat(1, 51)])
        expect(refused).toEqual(Either.left(new T.UnknownSeats({ seats: [seat(1, 51), seat(31, 1)] })))
        expect(yield* taken).toEqual([])
      })
    )

    holds(
      "says the same again: what was held, whatever is asked for then",
      Effect.gen(function* () {
        const first = yield* reserve("b", [seat(1, 1), seat(1, 2)])
        expect(Either.isRight(first)).toBe(true)
        expect(yield* reserve("b", [seat(1, 2), seat(1, 1)])).toEqual(first)
        expect(yield* reserve("b", seat(9, 9))).toEqual(first)
        expect(yield* taken).toEqual([seat(1, 1), seat(1, 2)])
      })
    )

    holds(
      "says the same again: a refusal, though the seats are free by then",
      Effect.gen(function* () {
        yield* reserve("first", seat(1, 1))
        const refused = yield* reserve("second", seat(1, 1))
        yield* release("first")
        expect(yield* reserve("second", seat(1, 1))).toEqual(refused)
        expect(yield* taken).toEqual([])
      })
    )

    holds(
      "frees what was held, for others, and a repeat frees nothing of theirs",
      Effect.gen(function* () {
        yield* reserve("first", [seat(1, 1), seat(1, 2)])
        yield* release("first")
        expect(yield* taken).toEqual([])
        yield* Effect.flatten(reserve("second", seat(1, 1)))
        yield* release("first")
        expect(yield* taken).toEqual([seat(1, 1)])
      })
    )

    holds(
      "never holds again for a booking that was released",
      Effect.gen(function* () {
        yield* reserve("b", seat(1, 1))
        yield* release("b")
        expect(yield* reserve("b", seat(1, 1))).toEqual(Either.left(new T.ReservationReleased()))
        expect(yield* taken).toEqual([])
      })
    )

    holds(
      "refuses a booking that was released before it asked",
      Effect.gen(function* () {
        yield* release("b")
        yield* release("b")
        expect(yield* reserve("b", seat(1, 1))).toEqual(Either.left(new T.ReservationReleased()))
        expect(yield* taken).toEqual([])
      })
    )

    holds(
      "keeps a refusal when the booking is released",
      Effect.gen(function* () {
        const refused = yield* reserve("b", seat(99, 1))
        yield* release("b")
        expect(yield* reserve("b", seat(1, 1))).toEqual(refused)
      })
    )

    holds(
      "never gives a seat to two of many who want overlapping seats at once, and lets all of them finish",
      Effect.gen(function* () {
        // three neighbouring seats each, in any order, of twenty
        const wishes = Array.makeBy(120, (i) => {
          const three = Array.map([0, 1, 2] as const, (next) => seat(1, ((i * 7 + next) % 20) + 1))
          return { booking: `b-${i}`, seats: i % 2 === 0 ? three : Array.reverse(three) }
        })
        const answers = yield* Effect.forEach(wishes, ({ booking, seats }) => reserve(booking, seats), {
          concurrency: "unbounded"
        })
        const held = Array.getRights(answers).flatMap(({ tickets }) => tickets.map((ticket) => ticket.seat))
        expect(Seat.duplicates(held)).toEqual([])
        expect(Array.sort(held, Seat.order)).toEqual(yield* taken)
        expect(held.length).toBeGreaterThan(0)
      })
    )

    holds(
      "gives two callers of one booking one answer",
      Effect.gen(function* () {
        for (let i = 1; i <= 20; i++) {
          const both = yield* Effect.all([reserve(`b-${i}`, seat(2, i)), reserve(`b-${i}`, seat(2, i))], {
            concurrency: "unbounded"
          })
          expect(both[0]).toEqual(both[1])
          expect(Either.isRight(both[0])).toBe(true)
        }
      })
    )

    holds(
      "lets many reserve and release the same seats at once, and every seat is free or has one owner",
      Effect.gen(function* () {
        const rounds = Array.makeBy(200, (i) =>
          Effect.gen(function* () {
            const row = Array.map(Array.range(1, 10), (number) => seat(3, number))
            yield* reserve(`r-${i}`, i % 2 === 0 ? row : Array.reverse(row))
            yield* release(`r-${i}`)
          })
        )
        yield* Effect.all(rounds, { concurrency: "unbounded" })
        expect(yield* taken).toEqual([])
        yield* Effect.flatten(reserve("last", seat(3, 1)))
      })
    )
  })
}

const seat = (row: number, number: number): Seat.Seat => ({ row, number })

const reserve = (
  booking: string,
  wanted: Seat.Seat | Seat.Seats,
  { concert = concertA }: { readonly concert?: ConcertId } = {}
) =>
  Effect.flatMap(T.TicketReservation, (_) =>
    _.reserve(BookingId.make(booking), concert, "row" in wanted ? [wanted] : wanted)
  ).pipe(
    Effect.map((held): Either.Either<T.SeatsHeld, T.Refusal> => Either.right(held)),
    Effect.catchTags({
      SeatsAlreadyBooked: (refusal) => Effect.succeed(Either.left(refusal)),
      UnknownSeats: (refusal) => Effect.succeed(Either.left(refusal)),
      ReservationReleased: (refusal) => Effect.succeed(Either.left(refusal))
    })
  )

const release = (booking: string) => Effect.flatMap(T.TicketReservation, (_) => _.release(BookingId.make(booking)))

const seats = (concert: ConcertId) => Effect.flatMap(T.TicketReservation, (_) => _.seats(concert))

const taken = Effect.map(seats(concertA), (offers) =>
  Array.filterMap(offers, (offer) => (offer.available ? Option.none() : Option.some(offer.seat)))
)
