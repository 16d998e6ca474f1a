/** The rights that a node's role needs, as statements. */
import { roleName } from "./identifier.js"

/** What may be done, and on what. */
export type Rights = ReadonlyArray<readonly [rights: string, on: string]>

/**
 * A `GRANT` a pair of rights and what they are on; nothing is taken away. Throws a `RangeError` when the role's name is
 * none.
 */
export const grants = (role: string, rights: Rights): string => {
  const name = roleName(role)
  return rights.map(([given, on]) => `GRANT ${given} ON ${on} TO ${name};\n`).join("")
}

/** The right to use the schema of a table that is named with one. */
export const onSchema = ({ schema }: { readonly schema: string | undefined }): Rights =>
  schema === undefined ? [] : [["USAGE", `SCHEMA ${schema}`]]
