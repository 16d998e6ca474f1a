/** How events become what the table holds, and back. */
import { type EntityEvent, JournalError } from "@aecor/core"
import { Chunk, Effect, Either, Schema } from "effect"
import type { Stored } from "./journalRow.js"
import { toJson } from "./json.js"

/** An event as it is sent. The id is given once: it decides whether an append that is sent again was stored before. */
export interface Encoded {
  readonly id: string
  readonly type: string
  readonly payload: string
}

export const make = <E extends { readonly _tag: string }, I>(journal: string, schema: Schema.Schema<E, I>) => {
  const encodeEvent = Schema.encode(schema)
  const decodeEvent = Schema.decodeUnknown(schema)

  const unencodable = (description: string, cause?: unknown) =>
    new JournalError.JournalError({ journal, reason: "Unencodable", description, cause })

  /** A key or metadata: text that must be storable as it is. */
  const encodeText = (what: string, value: unknown) =>
    Either.mapLeft(toJson(value), (why) => unencodable(`${what} ${JSON.stringify(value)} cannot be stored: ${why}`))

  const encodeOne = (key: string) =>
    Effect.fnUntraced(function* (event: E) {
      const what = `an event ${event._tag} of key ${JSON.stringify(key)}`
      const encoded = yield* Effect.mapError(encodeEvent(event), (cause) =>
        unencodable(`${what} does not encode: ${cause.message}`, cause)
      )
      const payload = yield* Either.mapLeft(toJson(encoded), (why) => unencodable(`${what} cannot be stored: ${why}`))
      return { id: globalThis.crypto.randomUUID(), type: event._tag, payload } satisfies Encoded
    })

  const encode = Effect.fnUntraced(function* (
    key: string,
    events: ReadonlyArray<E>,
    metadata: EntityEvent.Metadata
  ): Effect.fn.Return<
    { readonly metadata: string; readonly events: ReadonlyArray<Encoded> },
    JournalError.JournalError
  > {
    yield* encodeText("the key", key)
    return {
      metadata: yield* encodeText("the metadata", metadata),
      events: yield* Effect.forEach(events, encodeOne(key))
    }
  })

  const decodeOne = ({ payload, type, ...place }: Stored) =>
    Effect.mapBoth(decodeEvent(payload), {
      onFailure: (cause) => {
        const where = `key ${JSON.stringify(place.key)}, position ${place.position}`
        const description = `the event of type ${JSON.stringify(type)} (${where}) does not decode: ${cause.message}`
        return new JournalError.JournalError({ journal, reason: "Undecodable", description, cause })
      },
      onSuccess: (event): EntityEvent.EntityEvent<E> => ({ ...place, event })
    })

  /**
   * Decodes a page. Where an event in its midst does not decode, the events before it are the page: the next one begins
   * with that event, and fails.
   */
  const decode = Effect.fnUntraced(function* (
    page: ReadonlyArray<Stored>
  ): Effect.fn.Return<Chunk.Chunk<EntityEvent.EntityEvent<E>>, JournalError.JournalError> {
    const decoded: Array<EntityEvent.EntityEvent<E>> = []
    for (const stored of page) {
      const one = yield* Effect.either(decodeOne(stored))
      if (Either.isRight(one)) decoded.push(one.right)
      else if (decoded.length === 0) return yield* one.left
      else break
    }
    return Chunk.unsafeFromArray(decoded)
  })

  return { encode, decode }
}
