/**
 * A seat of a hall. Rows and the seats of a row are counted from 1.
 */
import { Array, Order, Schema } from "effect"

const Ordinal = Schema.Int.pipe(Schema.between(1, 10_000))

export interface Seat extends Schema.Schema.Type<typeof Seat> {}
export const Seat = Schema.Struct({ row: Ordinal, number: Ordinal }).annotations({ identifier: "Seat" })

export const Seats = Schema.NonEmptyArray(Seat)
export type Seats = typeof Seats.Type

export const equals = (a: Seat, b: Seat): boolean => a.row === b.row && a.number === b.number

/** By row, then by number: the order in which seats are taken, so that two takers never wait for each other. */
export const order: Order.Order<Seat> = Order.combine(
  Order.mapInput(Order.number, (seat: Seat) => seat.row),
  Order.mapInput(Order.number, (seat: Seat) => seat.number)
)

/** The seats that stand in the list more than once, each named once. */
export const duplicates = (seats: ReadonlyArray<Seat>): ReadonlyArray<Seat> =>
  Array.dedupeWith(
    seats.filter((seat, index) => seats.findIndex((other) => equals(seat, other)) < index),
    equals
  )

/** The seats as a person reads them. */
export const labels = (seats: ReadonlyArray<Seat>): string =>
  seats.map((seat) => `row ${seat.row} seat ${seat.number}`).join(", ")
