/**
 * How the events of a journal are stored, and how what older code has stored is read: every event stands under its type
 * (its `_tag`) and a version of the type's shape, counted from 1.
 *
 * New events are written in the current shape. Older shapes, and types that are no longer written, are read through
 * upcasts: schemas that decode what was stored to an event of today. What this code does not know, a type or a newer
 * version, is an error that names it, never a skip.
 *
 * Pure: where and at which position an event is stored is not its matter (`StoredEvent`).
 *
 * @since 0.1.0
 */
import { Data, type Effect, Either, ParseResult, Schema } from "effect"
import * as EventTypes from "./internal/eventTypes.js"
import * as SchemaParser from "./internal/schemaParser.js"
import type * as Upcast from "./Upcast.js"

/**
 * An event as it is stored: its type, the version of its shape, and the encoded form.
 *
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly type: string
  readonly version: number
  readonly encoded: unknown
}

/**
 * A shape that a format reads. The `current` ones are those that new events are written in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shape<out E> {
  readonly type: string
  readonly version: number
  readonly current: boolean
  readonly schema: Upcast.Upcast<E>
}

/**
 * What came of parsing: an `Either`, and no fiber is needed, wherever the schema is synchronous.
 *
 * @since 0.1.0
 * @category models
 */
export type Parsed<A, Error> = Either.Either<A, Error> | Effect.Effect<A, Error>

/**
 * A stored event that this code cannot read.
 *
 * - `UnknownType`: the journal has no such type, and no upcast for it.
 * - `UnknownVersion`: the type is known, and not in this version; newer code has written it.
 * - `Undecodable`: the schema of this type and version refuses it; `cause` is the `ParseError`.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unreadable extends Data.TaggedError("Unreadable")<{
  readonly reason: "UnknownType" | "UnknownVersion" | "Undecodable"
  readonly type: string
  readonly version: number
  readonly description: string
  readonly cause?: ParseResult.ParseError
}> {
  override get message(): string {
    return `type ${JSON.stringify(this.type)}, version ${this.version}: ${this.description}`
  }
}

/**
 * The format of a journal's events `E`.
 *
 * @since 0.1.0
 * @category models
 */
export interface EventFormat<in out E> {
  /** The name of the journal. */
  readonly journal: string
  /** Every shape that can be read: of each type the older ones first. */
  readonly shapes: ReadonlyArray<Shape<E>>
  readonly encode: (event: E) => Parsed<Encoded, ParseResult.ParseError>
  readonly decode: (type: string, version: number, encoded: unknown) => Parsed<E, Unreadable>
}

/**
 * What a format is made of: the journal's name, the schema of its events, and the older shapes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Definition<E, I> {
  readonly label: string
  readonly event: Schema.Schema<E, I>
  readonly upcasts?: Upcast.Upcasts<NoInfer<E>> | undefined
}

/**
 * The format of a journal.
 *
 * Throws where the definition is of no use: a `TypeError` for events without a literal `_tag` or an upcast that is no
 * schema, a `RangeError` for a type whose list of upcasts is empty.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E extends { readonly _tag: string }, I>(definition: Definition<E, I>): EventFormat<E> => {
  const shapes = shapesOf(definition)
  const decoders = new Map<string, ReadonlyArray<Decode<E>>>()
  const encoders = new Map<string, Encode<E>>()
  for (const { current, schema, type, version } of shapes) {
    const own = Schema.make<E, unknown>(schema.ast)
    decoders.set(type, [...(decoders.get(type) ?? []), decoder(own, type, version)])
    if (current) encoders.set(type, encoder(own, type, version))
  }
  // only an event that is none of the journal's has no encoder: the whole schema says what is wrong with it
  const encoderOf = ({ _tag }: E) => encoders.get(_tag) ?? encoder(definition.event, _tag, 1)
  return {
    journal: definition.label,
    shapes,
    encode: (event) => encoderOf(event)(event),
    decode: (type, version, encoded) => {
      const versions = decoders.get(type)
      const decode = versions?.[version - 1]
      return decode === undefined ? Either.left(unknown(type, version, versions?.length)) : decode(encoded)
    }
  }
}

type Decode<E> = (encoded: unknown) => Parsed<E, Unreadable>
type Encode<E> = (event: E) => Parsed<Encoded, ParseResult.ParseError>

const decoder = <E>(schema: Schema.Schema<E, unknown>, type: string, version: number): Decode<E> => {
  const decode = SchemaParser.decodeUnknown(schema)
  const unreadable = (issue: ParseResult.ParseIssue) => {
    const cause = ParseResult.parseError(issue)
    return new Unreadable({ reason: "Undecodable", type, version, description: cause.message, cause })
  }
  return (encoded) => ParseResult.mapError(decode(encoded), unreadable)
}

const encoder = <E, I>(schema: Schema.Schema<E, I>, type: string, version: number): Encode<E> => {
  const encode = SchemaParser.encode(schema)
  const toStore = {
    onFailure: ParseResult.parseError,
    onSuccess: (encoded: I): Encoded => ({ type, version, encoded })
  }
  return (event) => ParseResult.mapBoth(encode(event), toStore)
}

const unknown = (type: string, version: number, newest: number | undefined): Unreadable =>
  newest === undefined
    ? new Unreadable({ reason: "UnknownType", type, version, description: "this code knows no such type" })
    : new Unreadable({
        reason: "UnknownVersion",
        type,
        version,
        description: `of this type the code knows versions 1 to ${newest}`
      })

const shapesOf = <E, I>({ event, label, upcasts = {} }: Definition<E, I>): ReadonlyArray<Shape<E>> => {
  const lists = new Map(Object.entries(upcasts))
  for (const [type, older] of lists) {
    const list = `${label}: the list of upcasts of ${JSON.stringify(type)}`
    if (!Array.isArray(older)) throw new TypeError(`${list} is no list`)
    if (older.length === 0) throw new RangeError(`${list} is empty: leave it out`)
    const wrong = older.findIndex((one) => !Schema.isSchema(one))
    if (wrong >= 0) throw new TypeError(`${list} has no schema for version ${wrong + 1}`)
  }
  const older = (type: string) =>
    (lists.get(type) ?? []).map((schema, i): Shape<E> => ({ type, version: i + 1, current: false, schema }))
  const written = EventTypes.byTag(label, event.ast)
  const retired = [...lists.keys()].filter((type) => !written.has(type))
  return [
    ...Array.from(written, ([type, ast]) => {
      const before = older(type)
      return [...before, { type, version: before.length + 1, current: true, schema: Schema.make<E, unknown>(ast) }]
    }).flat(),
    ...retired.flatMap(older)
  ]
}
