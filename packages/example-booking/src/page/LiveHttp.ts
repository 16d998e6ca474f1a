/** The live answers: who asks for what. */
import { HttpApiBuilder } from "@effect/platform"
import { Effect, Layer, Option, Stream } from "effect"
import type { BookingJournal } from "../domain/Booking.js"
import { BookingApi } from "../http/BookingApi.js"
import type { Bookings } from "../view/Bookings.js"
import * as BookingTail from "./BookingTail.js"
import * as ClientBookings from "./ClientBookings.js"
import { LiveAnswer } from "./LiveAnswer.js"
import * as Machinery from "./Machinery.js"
import * as SeatMaps from "./SeatMaps.js"

type Sources = BookingJournal | Bookings | BookingTail.BookingTail

const handlers = HttpApiBuilder.group(BookingApi, "live", (group) =>
  Effect.gen(function* () {
    const answer = yield* LiveAnswer
    const seatMaps = yield* SeatMaps.SeatMaps
    const machinery = yield* Machinery.Machinery
    const sources = yield* Effect.context<Sources>()
    return group
      .handle("concert", ({ path: { concertId }, urlParams: { client } }) =>
        Effect.succeed(answer.of([seatMaps.of(concertId), Stream.provideContext(ClientBookings.of(client), sources)]))
      )
      .handle("machinery", ({ urlParams: { booking } }) => {
        const history = Option.map(booking, Machinery.history)
        const parts = [Machinery.activity, ...Option.toArray(history)].map(Stream.provideContext(sources))
        return Effect.succeed(answer.of([machinery.processes, machinery.lag, machinery.refused, ...parts]))
      })
  })
)

export const LiveHttp = handlers.pipe(
  Layer.provide([SeatMaps.layer, Machinery.layer]),
  Layer.provide(BookingTail.layer)
)
