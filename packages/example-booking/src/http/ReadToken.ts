/**
 * How a client reads its own write: the answer to a command carries a token, and a query that is given it waits until
 * the view has seen the command's events. Opaque to clients.
 */
import { Schema } from "effect"
import { BookingId } from "../domain/Ids.js"

const longest = 512

/** The booking and the sequence of its last event, as base64url. */
const FromText = Schema.String.pipe(
  Schema.maxLength(longest),
  Schema.compose(Schema.StringFromBase64Url),
  Schema.compose(Schema.parseJson(Schema.Tuple(Schema.String, Schema.NonNegativeInt)))
)

export const ReadToken = Schema.transform(
  FromText,
  Schema.Struct({ key: BookingId, sequence: Schema.NonNegativeInt }),
  {
    strict: true,
    decode: ([key, sequence]) => ({ key, sequence }),
    encode: ({ key, sequence }) => [key, sequence] as const
  }
).annotations({
  identifier: "ReadToken",
  description: "give it to a query to see at least what this answer tells",
  jsonSchema: { type: "string", maxLength: longest }
})
export type ReadToken = typeof ReadToken.Type
