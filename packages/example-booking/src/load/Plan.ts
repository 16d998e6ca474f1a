/**
 * Who comes to the sale, when, wanting what, and what each does then: all of it decided before, by a seed, so that a sale
 * can be had again. The seats in front are wanted the most, so many want the same ones.
 */
import { Array as Arr, Effect, Random } from "effect"
import { ConcertId } from "../domain/Ids.js"
import type { Seats } from "../domain/Seat.js"

/**
 * What a customer does when the seats are confirmed: pays; pays, and tells of it twice; gives them back; gives them back
 * and pays all the same; or nothing. Some do not wait for the confirmation: they pay, or give back, at once.
 */
export type Intention = "pay" | "payTwice" | "cancel" | "cancelAndPay" | "nothing" | "payAtOnce" | "cancelAtOnce"

/** Of a hundred customers. */
const intentions: ReadonlyArray<readonly [Intention, number]> = [
  ["pay", 50],
  ["payTwice", 10],
  ["payAtOnce", 10],
  ["cancel", 12],
  ["cancelAtOnce", 5],
  ["cancelAndPay", 5],
  ["nothing", 8]
]

export interface Customer {
  readonly number: number
  readonly concertId: ConcertId
  readonly seats: Seats
  readonly intention: Intention
  /** Milliseconds after the sale has opened. */
  readonly arrives: number
}

export interface Options {
  readonly bookings: number
  readonly concerts: number
  /** The most seats that one booking wants. */
  readonly seats: number
  /** Customers a second, on average; without it all are there at the opening. */
  readonly rate: number | undefined
  readonly seed: number
}

/** The concerts that there are, and their halls. */
const names = ["concertA", "concertB"] as const
export const concerts = names.length
const rows = 30
const seatsPerRow = 50

/** Of a hundred customers that come at a rate, so many are there at the opening. */
const early = 20

const intention = Effect.map(Random.nextIntBetween(0, 100), (drawn) => {
  let sum = 0
  return intentions.find(([_, share]) => (sum += share) > drawn)?.[0] ?? "nothing"
})

/** Some seats side by side. */
const wish = (most: number) =>
  Effect.gen(function* () {
    const count = yield* Random.nextIntBetween(1, most + 1)
    const row = 1 + Math.floor(rows * (yield* Random.next) ** 2)
    const first = yield* Random.nextIntBetween(1, seatsPerRow - count + 2)
    return Arr.makeBy(count, (i) => ({ row, number: first + i }))
  })

/** How long nobody comes, at a rate, in milliseconds. */
const pause = (rate: number) => Effect.map(Random.next, (drawn) => (-Math.log(1 - drawn) * 1000) / rate)

export const make = (options: Options): Effect.Effect<ReadonlyArray<Customer>> =>
  Effect.gen(function* () {
    const { rate } = options
    let arrives = 0
    return yield* Effect.forEach(
      Arr.range(1, options.bookings),
      Effect.fnUntraced(function* (number) {
        if (rate !== undefined && number > (options.bookings * early) / 100) arrives += yield* pause(rate)
        const concert = names[yield* Random.nextIntBetween(0, options.concerts)] ?? names[0]
        const seats = yield* wish(options.seats)
        return { number, concertId: ConcertId.make(concert), seats, intention: yield* intention, arrives }
      })
    )
  }).pipe(Effect.withRandom(Random.make(options.seed)))
