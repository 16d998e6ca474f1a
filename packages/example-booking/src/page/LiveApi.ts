/**
 * The live answers as a part of the contract: server-sent events with JSON in them. They are made for the pages of this
 * release, and change with them.
 */
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "@effect/platform"
import { Schema } from "effect"
import { BookingId, ClientId, ConcertId } from "../domain/Ids.js"
import { Operator } from "../http/Operator.js"

const Events = Schema.String.pipe(HttpApiSchema.withEncoding({ kind: "Text", contentType: "text/event-stream" }))

const concertId = HttpApiSchema.param("concertId", ConcertId)

export const live = HttpApiGroup.make("live")
  .add(
    HttpApiEndpoint.get("concert")`/live/concerts/${concertId}`
      .setUrlParams(Schema.Struct({ client: ClientId }))
      .addSuccess(Events)
      .annotate(OpenApi.Description, "For the page: `seats` of the concert, and the client's `bookings`.")
  )
  .add(
    HttpApiEndpoint.get("machinery")`/live/machinery`
      .middleware(Operator)
      .setUrlParams(Schema.Struct({ booking: Schema.optionalWith(BookingId, { as: "Option", exact: true }) }))
      .addSuccess(Events)
      .annotate(
        OpenApi.Description,
        "For operators, for their page: `processes`, `lag`, the `refused` payments, the `activity` of all bookings, and the `history` of one."
      )
  )
