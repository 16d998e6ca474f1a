/**
 * The seat maps of the concerts, live. Each is read twice a second for all pages of this node, while any shows it: the
 * reservation says who has a seat, and nobody else.
 */
import { Array as Arr, BigDecimal, Context, Effect, Layer, RcMap, Stream } from "effect"
import type { ConcertId } from "../domain/Ids.js"
import { type SeatOffer, TicketReservation } from "../reservation/TicketReservation.js"
import type { Encoded } from "./LiveAnswer.js"
import * as Newest from "./Newest.js"

const interval = "500 millis"

/** The seats of a row, which have one price: a character each, by number from 1. `x` is taken, `.` free, ` ` no seat. */
interface Row {
  readonly row: number
  readonly price: string
  readonly seats: string
}

const characterOf = (offer: SeatOffer | undefined): string => {
  if (offer === undefined) return " "
  return offer.available ? "." : "x"
}

const rowOf = (offers: Arr.NonEmptyReadonlyArray<SeatOffer>): Row => {
  const byNumber = new Map(offers.map((offer) => [offer.seat.number, offer]))
  const [first] = offers
  return {
    row: first.seat.row,
    price: BigDecimal.format(first.price),
    seats: Arr.makeBy(Math.max(...byNumber.keys()), (i) => characterOf(byNumber.get(i + 1))).join("")
  }
}

/** The offers of a concert come by row and number. */
const rowsOf = (offers: ReadonlyArray<SeatOffer>): ReadonlyArray<Row> =>
  Arr.isNonEmptyReadonlyArray(offers)
    ? Arr.map(
        Arr.groupWith(offers, (a, b) => a.seat.row === b.seat.row),
        rowOf
      )
    : []

export class SeatMaps extends Context.Tag("example-booking/page/SeatMaps")<
  SeatMaps,
  {
    /** The whole map as it is, and again whenever it is another one. A concert that is not known has no rows. */
    readonly of: (concertId: ConcertId) => Stream.Stream<Encoded>
  }
>() {}

export const layer: Layer.Layer<SeatMaps, never, TicketReservation> = Layer.scoped(
  SeatMaps,
  Effect.gen(function* () {
    const reservation = yield* TicketReservation
    const maps = yield* RcMap.make({
      lookup: (concertId: ConcertId) => {
        const read = Effect.map(reservation.seats(concertId), (offers) => ({ concertId, rows: rowsOf(offers) }))
        return Newest.publish("seats", read, interval)
      }
    })
    return {
      of: (concertId) => Stream.unwrapScoped(Effect.map(RcMap.get(maps, concertId), (map) => Stream.fromPubSub(map)))
    }
  })
)
