/** Rows of a view as one column of JSON: the encoded row as it is. */
import { ViewStore } from "@aecor/projection"
import { Effect, Either, Option, ParseResult, Schema, SchemaAST } from "effect"
import type { Wanted } from "./columnTypes.js"
import { toJson } from "./json.js"
import type { Column } from "./viewColumns.js"
import { all, type Condition, type Rows, type StoredRow } from "./viewRows.js"

/** The one column, as the table is held against it. */
export const columnsOf = (json: string): ReadonlyArray<Column> => [{ field: json, column: json, optional: false }]
export const wantedOf = (json: string): ReadonlyMap<string, Wanted> =>
  new Map([[json, { kind: "object", nullable: false }]])

export const make = <V extends object, I>(options: {
  readonly view: string
  readonly row: Schema.Schema<V, I>
  readonly key: string
  readonly json: string
}): Rows<V> => {
  const { json, key, row: schema, view } = options
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
      onSuccess: (encoded) => ({ [key]: name, version: row.version, [json]: encoded })
    })
  const decode = (stored: StoredRow) =>
    ParseResult.mapBoth(decodeRow(stored[json]), {
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
        try: () =>
          Schema.make<Partial<V>, Readonly<Record<string, unknown>>>(SchemaAST.pick(schema.ast, Object.keys(where))),
        catch: (cause) => failed("rows of this schema cannot be found by their fields", cause)
      })
      const encoded = yield* Effect.mapError(Schema.encode(picked)(where), (cause) =>
        failed(`the wanted fields do not encode: ${cause.message}`, cause)
      )
      return SchemaAST.getPropertySignatures(SchemaAST.encodedAST(picked.ast)).map(({ name }): Condition => {
        const field = String(name)
        return { column: json, field: Option.some(field), value: encoded[field] }
      })
    })
  }
}
