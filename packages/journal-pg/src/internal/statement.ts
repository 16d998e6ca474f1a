/**
 * Statements with a name, which a connection parses and plans once; @effect/sql-pg gives none.
 *
 * It hands what it is given to `pg`, which takes a description of a query in the place of its text. That is the one
 * thing used here which the client's types do not say.
 */
import { createHash } from "node:crypto"

/** A statement, and the name that it is known by on every connection. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export const statement = (text: string): Statement => ({
  name: `aecor_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`,
  text
})

/** A query as `pg` takes it; it writes the values into the object, so each sending needs one of its own. */
export interface Query {
  readonly name?: string
  readonly text: string
  readonly rowMode?: "array"
}

/** The description in the place of the text. */
export const asText = (query: Query): string => query as unknown as string
