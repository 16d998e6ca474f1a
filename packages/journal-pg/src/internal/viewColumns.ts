/** How the fields of a view's rows and the columns of its table belong together. */
import { ViewStore } from "@aecor/projection"
import type { SqlError } from "@effect/sql"
import { Effect, SchemaAST, type Schema } from "effect"
import * as columnTypes from "./columnTypes.js"
import { identifier, type TableName } from "./identifier.js"
import { reasonOf } from "./sqlState.js"

/** A field of the encoded row, and the column that holds it. */
export interface Column {
  readonly field: string
  readonly column: string
  /** A null in the column is then an absent field. */
  readonly optional: boolean
}

/** `seatCount` is in `seat_count`. */
const snakeCase = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The columns of the encoded row. Throws a `RangeError` that names a column which is no identifier. */
export const columnsOf = <V, I>(
  row: Schema.Schema<V, I>,
  named: { readonly [field: string]: string | undefined }
): ReadonlyArray<Column> =>
  SchemaAST.getPropertySignatures(SchemaAST.encodedAST(row.ast)).map(({ isOptional, name }) => {
    const field = String(name)
    return { field, column: identifier(named[field] ?? snakeCase(field), "name of a column"), optional: isOptional }
  })

/** The table as it was found: its identity, its name with its schema's, and the type of each column that is used. */
export interface Found {
  readonly identity: string
  readonly name: string
  readonly types: ReadonlyMap<string, string>
}

interface Attribute extends columnTypes.Type {
  readonly identity: string
  readonly table: string
  readonly name: string
  readonly type: string
  readonly notNull: boolean
  /** Whether a row that says nothing of the column has something in it. */
  readonly filled: boolean
  readonly unique: boolean
}

const attributes = (table: TableName) => `
  SELECT a.attrelid::text AS identity, (SELECT format('%I.%I', s.nspname, c.relname)
      FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = a.attrelid) AS "table",
    a.attname AS name, format_type(a.atttypid, NULL) AS type,
    format_type(base.oid, NULL) AS base, base.typcategory::text AS category, a.attnotnull AS "notNull",
    a.atthasdef OR a.attidentity <> '' AS filled,
    EXISTS (
      SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indnkeyatts = 1
        AND i.indkey[0] = a.attnum AND i.indpred IS NULL
    ) AS "unique"
  FROM pg_attribute a JOIN pg_type own ON own.oid = a.atttypid
    JOIN pg_type base ON base.oid = CASE own.typtype WHEN 'd' THEN own.typbasetype ELSE own.oid END
  WHERE a.attrelid = to_regclass('${table.text}') AND a.attnum > 0 AND NOT a.attisdropped`

/** Looks the table up, and says what it lacks. */
export const find = Effect.fnUntraced(function* (options: {
  readonly view: string
  readonly table: TableName
  readonly key: string
  readonly columns: ReadonlyArray<Column>
  readonly wanted: ReadonlyMap<string, columnTypes.Wanted>
  readonly run: (statement: string) => Effect.Effect<ReadonlyArray<Attribute>, SqlError.SqlError>
}): Effect.fn.Return<Found, ViewStore.ViewStoreError> {
  const { columns, key, table, view, wanted } = options
  const failed = (description: string, cause?: unknown) => new ViewStore.ViewStoreError({ view, description, cause })
  const found = yield* Effect.mapError(options.run(attributes(table)), (cause) => failed(reasonOf(cause), cause))
  const [first] = found
  if (first === undefined) return yield* failed(`there is no table ${table.text}: its migration has to run before`)
  const types = new Map(found.map(({ name, type }) => [name, type]))
  const own = [key, "version"].map((column) => ({ column, name: column }))
  const fields = columns
    .filter(({ column }) => column !== key && column !== "version")
    .map(({ column, field }) => ({ column, name: `${column} (for ${field})` }))
  const lacking = [...own, ...fields].filter(({ column }) => !types.has(column)).map(({ name }) => name)
  if (lacking.length > 0) return yield* failed(`the table ${table.text} lacks ${lacking.join(", ")}`)
  if (!found.some(({ name, unique }) => name === key && unique)) {
    return yield* failed(`the column ${key} of table ${table.text} is neither its primary key nor unique`)
  }
  const unfit = found.flatMap((attribute) => misfits(attribute, { key, columns, wanted }))
  if (unfit.length > 0) return yield* failed(`the table ${table.text} does not fit: ${unfit.join("; ")}`)
  return { identity: first.identity, name: first.table, types }
})

const version: columnTypes.Wanted = { kind: "integer", nullable: false }

/** What of a column does not fit what is to be stored in it. */
const misfits = (
  attribute: Attribute,
  {
    columns,
    key,
    wanted
  }: {
    readonly key: string
    readonly columns: ReadonlyArray<Column>
    readonly wanted: ReadonlyMap<string, columnTypes.Wanted>
  }
): ReadonlyArray<string> => {
  const { filled, name, notNull, type } = attribute
  if (name === key) return []
  const fields = columns.filter(({ column }) => column === name).map(({ field }) => field)
  if (name !== "version" && fields.length === 0) {
    return notNull && !filled ? [`no field fills ${name}, which is not null and has no default`] : []
  }
  const all =
    name === "version" ? [["the version", version] as const] : fields.map((one) => [one, wanted.get(one)] as const)
  return all.flatMap(([field, want]) => {
    if (want === undefined) return []
    const { kind, nullable } = want
    const wrongType = `${name} is ${type}; for ${field} (${told[kind]}) it has to be ${columnTypes.named(kind)}`
    const wrongNull = `${name} is not null; ${field} may be null or absent`
    return [...(columnTypes.holds(kind, attribute) ? [] : [wrongType]), ...(nullable && notNull ? [wrongNull] : [])]
  })
}

const told: Record<columnTypes.Kind, string> = {
  text: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "a boolean",
  object: "a struct",
  array: "an array",
  mixed: "of several kinds"
}
