/**
 * An event between a journal and its storage: how an adapter encodes what is appended, and decodes what it has read, a
 * page at a time. Here the errors of an `EventFormat` learn where the event stands.
 *
 * @since 0.1.0
 */
import { Chunk, Effect, Either, ParseResult } from "effect"
import type { EntityEvent } from "./EntityEvent.js"
import type { Encoded, EventFormat, Parsed, Unreadable } from "./EventFormat.js"
import { JournalError } from "./JournalError.js"
import type { Offset } from "./Offset.js"

/**
 * An event as it stands in a storage: an `EntityEvent` with its encoded form in the place of the event.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoredEvent extends Omit<EntityEvent<unknown>, "event">, Encoded {}

/**
 * An event of a key as it is to be stored. Fails with `JournalError`, `Unencodable`, that names its type and the key.
 *
 * @since 0.1.0
 * @category combinators
 */
export const encode = <E extends { readonly _tag: string }>(
  format: EventFormat<E>,
  key: string,
  event: NoInfer<E>
): Parsed<Encoded, JournalError> =>
  ParseResult.mapError(format.encode(event), (cause) => {
    const description = `an event ${JSON.stringify(event._tag)} of key ${JSON.stringify(key)} does not encode: ${cause.message}`
    return new JournalError({ journal: format.journal, reason: "Unencodable", description, cause })
  })

/**
 * The events of a page, in order. Fails with `JournalError`, `Undecodable`, that names the type, the version, the key and
 * the position of the first event that cannot be read.
 *
 * Where that event is not the page's first, the events before it are the page: the next one begins with it, and fails.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodePage = <E>(
  format: EventFormat<E>,
  page: ReadonlyArray<StoredEvent>
): Effect.Effect<Chunk.Chunk<EntityEvent<E>>, JournalError> => Effect.suspend(() => decodeRest(format, page, []))

/** What comes after the events that are decoded already. A synchronous schema needs this loop, and nothing of a fiber. */
const decodeRest = <E>(
  format: EventFormat<E>,
  page: ReadonlyArray<StoredEvent>,
  decoded: Array<EntityEvent<E>>
): Effect.Effect<Chunk.Chunk<EntityEvent<E>>, JournalError> => {
  for (const stored of page.slice(decoded.length)) {
    const parsed = format.decode(stored.type, stored.version, stored.encoded)
    if (!Either.isEither(parsed)) {
      return Effect.matchEffect(parsed, {
        onFailure: (cause) => ended(format, decoded, stored, cause),
        onSuccess: (event) => decodeRest(format, page, [...decoded, withEvent(stored, event)])
      })
    }
    if (Either.isLeft(parsed)) return ended(format, decoded, stored, parsed.left)
    decoded.push(withEvent(stored, parsed.right))
  }
  return Either.right(Chunk.unsafeFromArray(decoded))
}

const ended = <E>(
  { journal }: EventFormat<E>,
  decoded: ReadonlyArray<EntityEvent<E>>,
  { key, position }: StoredEvent,
  cause: Unreadable
): Either.Either<Chunk.Chunk<EntityEvent<E>>, JournalError> => {
  if (decoded.length > 0) return Either.right(Chunk.unsafeFromArray(decoded))
  return Either.left(unreadable(journal, key, position, cause))
}

/**
 * The error of a journal for an event that cannot be read: `JournalError`, `Undecodable`, that names the type, the
 * version, the key and the position.
 *
 * @since 0.1.0
 * @category errors
 */
export const unreadable = (journal: string, key: string, position: Offset, cause: Unreadable): JournalError => {
  const description = `the event at position ${position} of key ${JSON.stringify(key)} cannot be read: ${cause.message}`
  return new JournalError({ journal, reason: "Undecodable", description, cause })
}

/** Field by field: a rest pattern costs as much as decoding. */
const withEvent = <E>(stored: StoredEvent, event: E): EntityEvent<E> => ({
  id: stored.id,
  key: stored.key,
  sequence: stored.sequence,
  position: stored.position,
  timestamp: stored.timestamp,
  metadata: stored.metadata,
  event
})
