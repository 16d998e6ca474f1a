/**
 * Names of tables, schemas and roles, as they are put into statements. They are never quoted and never escaped: a name
 * that would need it is refused, so that what is written in code is what stands in the database.
 */
import { isKeyword } from "./keywords.js"

/** A table, with its schema where one is given; without, it is looked up and created in the connection's own. */
export interface TableName {
  readonly schema: string | undefined
  readonly name: string
  /** As it is written in a statement. */
  readonly text: string
}

/** Long enough for any table, short enough for the names that are made of it within Postgres' 63 bytes. */
const pattern = /^[a-z_][a-z0-9_]{0,47}$/

/** Checks a name of a column, which statements quote: it may be a keyword. Throws a `RangeError` that names it. */
export const identifier = (name: string, what: string): string => {
  if (!pattern.test(name)) {
    throw new RangeError(
      `${JSON.stringify(name)} is no ${what}: use up to 48 of a-z, 0-9 and _, and begin with a letter or _`
    )
  }
  return name
}

/** Checks a name that statements do not quote. */
const unquoted = (name: string, what: string): string => {
  if (isKeyword(identifier(name, what))) {
    throw new RangeError(`${JSON.stringify(name)} is no ${what}: it is a keyword of SQL`)
  }
  return name
}

/** Checks the name of a table, `table` or `schema.table`. Throws a `RangeError` that names what is wrong. */
export const tableName = (table: string): TableName => {
  const dot = table.indexOf(".")
  const name = unquoted(table.slice(dot + 1), "name of a table")
  const schema = dot < 0 ? undefined : unquoted(table.slice(0, dot), "name of a schema")
  return { schema, name, text: schema === undefined ? name : `${schema}.${name}` }
}

/** Checks the name of a role. Throws a `RangeError` that names it; `public` would mean everybody. */
export const roleName = (role: string): string => {
  if (role === "public") throw new RangeError(`"public" is no name of a role: it means everybody`)
  return unquoted(role, "name of a role")
}
