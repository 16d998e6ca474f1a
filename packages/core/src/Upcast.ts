/**
 * How an event that older code has stored is read as one of today. The older shapes stay in the code for ever: they are
 * the storage format. One stored event is read as exactly one event, of the same or of another type.
 *
 * @since 0.1.0
 */
import { type Array as Arr, ParseResult, Schema, type SchemaAST } from "effect"

/**
 * A schema that reads an older shape as an event of today: one of `Upcast.make`, a `Schema.transform`, or the current
 * schema itself where it still reads the older shape.
 *
 * @since 0.1.0
 * @category models
 */
export interface Upcast<out E> {
  readonly Type: E
  readonly Encoded: unknown
  readonly Context: never
  readonly ast: SchemaAST.AST
}

/**
 * The older shapes of a journal, by stored type name: the nth of a list, from 0, reads version n + 1. A type that is
 * still written is written in the version after its list; one that is not has been renamed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Upcasts<out E> {
  readonly [type: string]: Arr.NonEmptyReadonlyArray<Upcast<E>>
}

/**
 * An upcast by a function from the older shape to an event of today. It only reads: nothing is ever written in the older
 * shape again. What the function throws makes the event `Undecodable`.
 *
 * @example
 * ```ts
 * Upcast.make(ParcelSentV1, ParcelSent, ({ to }) => new ParcelSent({ to, grams: 0 }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Old, I, E, EI>(
  from: Schema.Schema<Old, I>,
  to: Schema.Schema<E, EI>,
  read: (old: Old) => NoInfer<E>
): Schema.Schema<E, I> =>
  Schema.transformOrFail(from, Schema.typeSchema(to), {
    strict: true,
    decode: (old, _, ast) =>
      ParseResult.try({
        try: () => read(old),
        catch: (cause) =>
          ParseResult.isParseError(cause) ? cause.issue : new ParseResult.Type(ast, old, String(cause))
      }),
    encode: (event, _, ast) => ParseResult.fail(new ParseResult.Forbidden(ast, event, "an upcast only reads"))
  })
