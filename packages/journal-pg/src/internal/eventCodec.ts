/** How events become what the table holds, and back. */
import { type EntityEvent, type Journal, JournalError, type Offset } from "@aecor/core"
import { EventFormat, StoredEvent, Tagging } from "@aecor/core"
import { Chunk, Effect, Either } from "effect"
import { eventOf, type Row, type TaggedRow } from "./journalRow.js"
import { tagText } from "./journalStatements.js"
import { toJson } from "./json.js"

/**
 * An event as it is sent. The id is given once: it decides whether an append that is sent again was stored before.
 * `tags` is the JSON of the texts of the tags beside its partition's, null where there are none.
 */
export interface Encoded {
  readonly id: string
  readonly type: string
  readonly version: number
  readonly tags: string | null
  readonly payload: string
}

/** What an append sends of its events. */
export interface EncodedAppend {
  readonly metadata: string
  readonly events: ReadonlyArray<Encoded>
}

/** An event that does not decode, in its place. */
export class Undecodable {
  constructor(
    readonly position: Offset.Offset,
    readonly error: JournalError.JournalError
  ) {}
}

/** What a row came to. */
export type Decoded<E> = EntityEvent.EntityEvent<E> | Undecodable

export const make = <E extends { readonly _tag: string }, I>({
  format,
  label: journal,
  tagging
}: Journal.Definition<E, I>) => {
  const unencodable = (description: string, cause?: unknown) =>
    new JournalError.JournalError({ journal, reason: "Unencodable", description, cause })

  /** A key or metadata: text that must be storable as it is. */
  const encodeText = (what: string, value: unknown) =>
    Either.mapLeft(toJson(value), (why) => unencodable(`${what} ${JSON.stringify(value)} cannot be stored: ${why}`))

  const nameOf = (key: string, event: E) => `an event ${event._tag} of key ${JSON.stringify(key)}`

  const tagsOf = (key: string, event: E): Either.Either<string | null, JournalError.JournalError> =>
    Either.mapBoth(Tagging.othersOf(tagging, event, key), {
      onLeft: (tag) => unencodable(`${nameOf(key, event)} cannot carry ${tag}: it has the name of the tagging`),
      onRight: (others) => (others.length === 0 ? null : JSON.stringify(others.map(tagText)))
    }).pipe(
      Either.filterOrLeft(
        (json) => json === null || Either.isRight(toJson(json)),
        () => unencodable(`a tag of ${nameOf(key, event)} holds NUL or half a surrogate pair`)
      )
    )

  const seal = (
    key: string,
    event: E,
    { encoded, type, version }: EventFormat.Encoded
  ): Either.Either<Encoded, JournalError.JournalError> => {
    const payload = toJson(encoded)
    if (Either.isLeft(payload))
      return Either.left(unencodable(`${nameOf(key, event)} cannot be stored: ${payload.left}`))
    return Either.map(tagsOf(key, event), (tags) => ({
      id: globalThis.crypto.randomUUID(),
      type,
      version,
      tags,
      payload: payload.right
    }))
  }

  const encodeOne = (key: string, event: E): EventFormat.Parsed<Encoded, JournalError.JournalError> => {
    const encoded = StoredEvent.encode(format, key, event)
    return Either.isEither(encoded)
      ? Either.flatMap(encoded, (_) => seal(key, event, _))
      : Effect.flatMap(encoded, (_) => seal(key, event, _))
  }

  /** What two appends in a row have in common, mostly: the same metadata object, or none. */
  const encodeMetadata = (metadata: EntityEvent.Metadata) =>
    metadata === noMetadata ? noMetadataJson : encodeText("the metadata", metadata)

  const encode = (
    key: string,
    events: ReadonlyArray<E>,
    metadata: EntityEvent.Metadata = noMetadata
  ): EventFormat.Parsed<EncodedAppend, JournalError.JournalError> => {
    const storable = encodeText("the key", key)
    if (Either.isLeft(storable)) return Either.left(storable.left)
    const json = encodeMetadata(metadata)
    if (Either.isLeft(json)) return Either.left(json.left)
    const sealed: Array<Encoded> = []
    for (const [i, event] of events.entries()) {
      const one = encodeOne(key, event)
      if (!Either.isEither(one)) {
        const rest = Effect.forEach(events.slice(i + 1), (_) => encodeOne(key, _))
        return Effect.map(Effect.zip(one, rest), ([first, others]) => ({
          metadata: json.right,
          events: [...sealed, first, ...others]
        }))
      }
      if (Either.isLeft(one)) return Either.left(one.left)
      sealed.push(one.right)
    }
    return Either.right({ metadata: json.right, events: sealed })
  }

  const undecodable = (row: Row | TaggedRow, cause: EventFormat.Unreadable): Undecodable => {
    const position = Number(row[0])
    return new Undecodable(position, StoredEvent.unreadable(journal, row[1], position, cause))
  }
  /** A schema that throws refuses the event as well: it must not end who reads for others. */
  const thrown = (row: Row | TaggedRow, defect: unknown) => {
    const description = defect instanceof Error ? defect.message : String(defect)
    const [type, version] = [row[4], Number(row[5])]
    return undecodable(row, new EventFormat.Unreadable({ reason: "Undecodable", type, version, description }))
  }

  const parse = (row: Row | TaggedRow): Decoded<E> | Effect.Effect<Decoded<E>> => {
    const decoded = format.decode(row[4], Number(row[5]), JSON.parse(row[6]))
    if (!Either.isEither(decoded)) {
      return Effect.match(decoded, {
        onFailure: (cause) => undecodable(row, cause),
        onSuccess: (event) => eventOf(row, event)
      }).pipe(Effect.catchAllDefect((defect) => Effect.succeed(thrown(row, defect))))
    }
    return Either.isRight(decoded) ? eventOf(row, decoded.right) : undecodable(row, decoded.left)
  }
  const decodeOne = (row: Row | TaggedRow): Decoded<E> | Effect.Effect<Decoded<E>> => {
    try {
      return parse(row)
    } catch (defect) {
      return thrown(row, defect)
    }
  }

  const decodeLater = (row: Row | TaggedRow) =>
    Effect.suspend(() => {
      const one = decodeOne(row)
      return Effect.isEffect(one) ? one : Effect.succeed(one)
    })

  /** Decodes a page, each event for itself: one that does not is the affair of those who read it. */
  const decode = (page: ReadonlyArray<Row | TaggedRow>): Effect.Effect<ReadonlyArray<Decoded<E>>> =>
    Effect.suspend(() => {
      const decoded: Array<Decoded<E>> = []
      for (let i = 0; i < page.length; i++) {
        const row = page[i]
        if (row === undefined) continue
        const one = decodeOne(row)
        if (Effect.isEffect(one)) {
          return Effect.map(Effect.forEach(page.slice(i), decodeLater), (rest) => [...decoded, ...rest])
        }
        decoded.push(one)
      }
      return Effect.succeed(decoded)
    })

  return { encode, decode }
}

const noMetadata: EntityEvent.Metadata = {}
const noMetadataJson: Either.Either<string, JournalError.JournalError> = Either.right("{}")

/**
 * The events of a page up to the first that does not decode. Where that is the first of all, the page fails: the next one
 * begins with it, and fails.
 */
export const untilUndecodable = <E>(
  page: ReadonlyArray<Decoded<E>>
): Either.Either<Chunk.Chunk<EntityEvent.EntityEvent<E>>, JournalError.JournalError> => {
  const events: Array<EntityEvent.EntityEvent<E>> = []
  for (const one of page) {
    if (!(one instanceof Undecodable)) events.push(one)
    else if (events.length === 0) return Either.left(one.error)
    else break
  }
  return Either.right(Chunk.unsafeFromArray(events))
}
