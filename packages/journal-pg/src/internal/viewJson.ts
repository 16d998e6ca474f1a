/** Rows of a view as one column of JSON: the encoded row as it is. */
import { Option } from "effect"
import type { Wanted } from "./columnTypes.js"
import type { Column } from "./viewColumns.js"
import type { Layout } from "./viewRows.js"

/** The one column, as the table is held against it. */
export const columnsOf = (json: string): ReadonlyArray<Column> => [{ field: json, column: json, optional: false }]
export const wantedOf = (json: string): ReadonlyMap<string, Wanted> =>
  new Map([[json, { kind: "object", nullable: false }]])

export const inJson = (json: string): Layout => ({
  toColumns: (encoded) => ({ [json]: encoded }),
  fromColumns: (stored) => stored[json],
  conditions: (encoded) =>
    Object.entries(encoded).map(([field, value]) => ({ column: json, field: Option.some(field), value }))
})
