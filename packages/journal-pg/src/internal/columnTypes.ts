/**
 * Which types of columns hold the fields of a row, so that what was stored is what comes back: the types whose JSON is of
 * the kind that the field is encoded to, and that neither round nor shift it.
 */
import { type Schema, SchemaAST as AST } from "effect"

/** What a field is encoded to. `mixed` is of several kinds, or of any. */
export type Kind = "text" | "integer" | "number" | "boolean" | "object" | "array" | "mixed"

/** A field, as its column has to hold it. */
export interface Wanted {
  readonly kind: Kind
  readonly nullable: boolean
}

/** A column's type: its name (of a domain, that of the type beneath), and its category in Postgres' catalog. */
export interface Type {
  readonly base: string
  readonly category: string
}

/** Of each field of the encoded row. */
export const wantedOf = <V, I>(row: Schema.Schema<V, I>): ReadonlyMap<string, Wanted> =>
  new Map(
    AST.getPropertySignatures(AST.encodedBoundAST(row.ast)).map(({ isOptional, name, type }) => {
      const found = look(type)
      const [kind = "mixed"] = found.kinds
      return [String(name), { kind: found.kinds.size === 1 ? kind : "mixed", nullable: isOptional || found.isNullable }]
    })
  )

interface Found {
  readonly kinds: ReadonlySet<Kind>
  readonly isNullable: boolean
}

const of = (kind: Kind): Found => ({ kinds: new Set([kind]), isNullable: false })
const absent: Found = { kinds: new Set(), isNullable: true }

const look = (ast: AST.AST): Found => {
  switch (ast._tag) {
    case "StringKeyword":
    case "TemplateLiteral":
      return of("text")
    case "NumberKeyword":
      return of("number")
    case "BooleanKeyword":
      return of("boolean")
    case "UndefinedKeyword":
    case "VoidKeyword":
      return absent
    case "Literal":
      return ofLiteral(ast.literal)
    case "Enums":
      return together(ast.enums.map(([_, value]) => ofLiteral(value)))
    case "TupleType":
      return of("array")
    case "TypeLiteral":
    case "ObjectKeyword":
      return of("object")
    case "Refinement": {
      const inner = look(ast.from)
      return isInteger(ast) && inner.kinds.has("number") ? of("integer") : inner
    }
    case "Union":
      return together(ast.types.map(look))
    case "Suspend":
      return look(ast.f())
    case "Transformation":
      return look(ast.from)
    default:
      return of("mixed")
  }
}

const ofLiteral = (literal: AST.LiteralValue): Found => {
  if (literal === null) return absent
  if (typeof literal === "number") return of(Number.isInteger(literal) ? "integer" : "number")
  return of(typeof literal === "boolean" ? "boolean" : "text")
}

/** Whole numbers and others are numbers together. */
const together = (all: ReadonlyArray<Found>): Found => {
  const kinds = new Set(all.flatMap((one) => [...one.kinds]))
  if (kinds.has("number")) kinds.delete("integer")
  return { kinds, isNullable: all.some(({ isNullable }) => isNullable) }
}

const isInteger = (ast: AST.Annotated): boolean => {
  const said = ast.annotations[AST.JSONSchemaAnnotationId]
  return typeof said === "object" && said !== null && "type" in said && said.type === "integer"
}

const json = ["json", "jsonb"]

/** Those that hold a kind; a text is held by every type whose JSON is a text. */
const holders: Record<Kind, ReadonlyArray<string>> = {
  text: ["text"],
  integer: ["bigint", "integer", "smallint", "numeric", "double precision"],
  number: ["double precision", "numeric"],
  boolean: ["boolean"],
  object: [],
  array: [],
  mixed: []
}

/** Types of other categories give a text, but this one loses the zone of a time that is given to it. */
const notText = /^[NBAC]$/
const withoutZone = "timestamp without time zone"

/** Whether a column of the type holds the kind. */
export const holds = (kind: Kind, { base, category }: Type): boolean => {
  if (json.includes(base) || holders[kind].includes(base)) return true
  if (kind === "array") return category === "A"
  return kind === "text" && !notText.test(category) && base !== withoutZone
}

/** The types that may be there instead, for an error to name. */
export const named = (kind: Kind): string => {
  const arrays = kind === "array" ? ["an array"] : []
  return `${[...holders[kind], ...arrays, "json"].join(", ")} or jsonb`
}
