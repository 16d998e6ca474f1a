/** How rows of a view become JSON for its table, and back. */
import type { EventFormat } from "@aecor/core"
import { ViewStore } from "@aecor/projection"
import { Effect, Either, Option, ParseResult, Schema, SchemaAST } from "effect"
import { toJson } from "./json.js"
import type { Column } from "./viewColumns.js"

type Json = Readonly<Record<string, unknown>>

/** A stored row by columns, as the server gives it. */
interface StoredRow {
  readonly [column: string]: unknown
}

/** A column, or a field within its JSON, and the encoded value that it is to equal; undefined is null. */
export interface Condition {
  readonly column: string
  readonly field: Option.Option<string>
  readonly value: unknown
}

/** How rows of a view become JSON for its table, and back, and what finds them. */
export interface Rows<V> {
  /** The rows of a commit as one JSON array of records by columns. */
  readonly encode: (
    rows: ReadonlyMap<string, ViewStore.Versioned<V>>
  ) => Effect.Effect<string, ViewStore.ViewStoreError>
  readonly decode: (stored: StoredRow) => Effect.Effect<ViewStore.Versioned<V>, ViewStore.ViewStoreError>
  readonly decodeAll: (
    stored: ReadonlyArray<StoredRow>
  ) => Effect.Effect<ReadonlyMap<string, ViewStore.Versioned<V>>, ViewStore.ViewStoreError>
  /** The places that the given fields are in, with what they are to hold. */
  readonly conditions: (where: Partial<V>) => Effect.Effect<ReadonlyArray<Condition>, ViewStore.ViewStoreError>
}

/** Where an encoded row is in its table. */
export interface Layout {
  /** The row as its columns, but for the key and the version. */
  readonly toColumns: (encoded: unknown) => Record<string, unknown>
  readonly fromColumns: (stored: StoredRow) => unknown
  /** What is to hold where these fields of a row have these encoded values. */
  readonly conditions: (encoded: Json) => ReadonlyArray<Condition>
}

/** The rows of a view that are stored in this layout. */
export const make = <V extends object, I>(
  options: { readonly view: string; readonly row: Schema.Schema<V, I>; readonly key: string },
  layout: Layout
): Rows<V> => {
  const { key, row: schema, view } = options
  const encodeRow = ParseResult.encode(schema)
  const decodeRow = ParseResult.decodeUnknown(schema)
  const failed = (description: string, cause?: unknown) => new ViewStore.ViewStoreError({ view, description, cause })
  const unfit = (what: string, name: unknown) => (issue: ParseResult.ParseIssue) => {
    const cause = ParseResult.parseError(issue)
    return failed(`the row of key ${JSON.stringify(name)} does not ${what}: ${cause.message}`, cause)
  }

  const encodeOne = ([name, row]: readonly [string, ViewStore.Versioned<V>]) =>
    ParseResult.mapBoth(encodeRow(row.view), {
      onFailure: unfit("encode", name),
      onSuccess: (encoded) => {
        const record = layout.toColumns(encoded)
        record[key] = name
        record["version"] = row.version
        return record
      }
    })
  const decode = (stored: StoredRow) =>
    ParseResult.mapBoth(decodeRow(layout.fromColumns(stored)), {
      onFailure: unfit("decode", stored[key]),
      onSuccess: (decoded): ViewStore.Versioned<V> => ({ view: decoded, version: Number(stored["version"]) })
    })

  return {
    encode: (rows) =>
      Effect.flatMap(all(rows, encodeOne), (records) =>
        Either.mapLeft(toJson(records), (why) => failed(`a row cannot be stored: ${why}`))
      ),
    decode,
    decodeAll: (stored) =>
      Effect.map(
        all(stored, (row) => ParseResult.map(decode(row), (decoded) => [String(row[key]), decoded] as const)),
        (decoded) => new Map(decoded)
      ),
    conditions: Effect.fnUntraced(function* (where) {
      const picked = yield* Effect.try({
        try: () => Schema.make<Partial<V>, Json>(SchemaAST.pick(schema.ast, Object.keys(where))),
        catch: (cause) => failed("rows of this schema cannot be found by their fields", cause)
      })
      const encoded = yield* Effect.mapError(Schema.encode(picked)(where), (cause) =>
        failed(`the wanted fields do not encode: ${cause.message}`, cause)
      )
      // a field that is encoded as nothing is asked for, too
      const fields = SchemaAST.getPropertySignatures(SchemaAST.encodedAST(picked.ast)).map(({ name }) => String(name))
      return layout.conditions(Object.fromEntries(fields.map((field) => [field, encoded[field]])))
    })
  }
}

/** A column a field. */
export const inColumns = (columns: ReadonlyArray<Column>): Layout => ({
  toColumns: (encoded) => {
    const record: Record<string, unknown> = {}
    for (const { column, field } of columns) record[column] = fieldOf(encoded, field)
    return record
  },
  fromColumns: (stored) => {
    const record: Record<string, unknown> = {}
    for (const { column, field, optional } of columns) {
      const value = stored[column]
      if (!(optional && value === null)) record[field] = value
    }
    return record
  },
  conditions: (encoded) =>
    columns
      .filter(({ field }) => Object.hasOwn(encoded, field))
      .map(({ column, field }) => ({ column, field: Option.none(), value: encoded[field] }))
})

/**
 * What each of many comes to, in a plain loop while nothing of it has to be waited for: a schema seldom has effects, and
 * one an element would be most of what the element costs.
 */
const all = <A, B, E>(
  from: Iterable<A>,
  one: (element: A) => EventFormat.Parsed<B, E>
): Effect.Effect<ReadonlyArray<B>, E> =>
  Effect.suspend(() => {
    const done: Array<B> = []
    const elements = [...from]
    for (const [i, element] of elements.entries()) {
      const outcome = one(element)
      if (!Either.isEither(outcome)) {
        const others = Effect.forEach(elements.slice(i + 1), one)
        return Effect.zipWith(outcome, others, (next, rest) => [...done, next, ...rest])
      }
      if (Either.isLeft(outcome)) return Effect.fail(outcome.left)
      done.push(outcome.right)
    }
    return Effect.succeed(done)
  })

/** A field of an encoded row, which the schema knows to be a record. */
const fieldOf = (encoded: unknown, field: string): unknown => (encoded as Json)[field]

/** Tombstones as JSON: versions by keys. */
export const tombstones = (versions: ReadonlyMap<string, number>): string =>
  JSON.stringify(Object.fromEntries(versions))
