/** What an error of the client means for the statement that met it. */
import type { SqlError } from "@effect/sql"
import { Predicate } from "effect"

/** The SQLSTATE of an error that the server has answered with; undefined where the driver or the network failed. */
export const sqlState = ({ cause }: SqlError.SqlError): string | undefined => {
  const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && Predicate.hasProperty(cause, "severity")
    ? code
    : undefined
}

/** What an error's `DETAIL` says. */
export const detail = ({ cause }: SqlError.SqlError): string | undefined =>
  Predicate.hasProperty(cause, "detail") && typeof cause.detail === "string" ? cause.detail : undefined

/** A statement's name that is not known, or is known already, on a connection that was another one just before. */
const foreignName = /^(26000|42P05)$/

/** What the server or the driver said; the client's own message only says what it was doing. */
export const reasonOf = (error: SqlError.SqlError): string => {
  const said = error.cause instanceof Error ? error.cause.message : error.message
  return foreignName.test(sqlState(error) ?? "")
    ? `${said} (behind a pooler in transaction mode: namedStatements has to be false)`
    : said
}

/**
 * - `Lost`: the answer did not come; the statement may have taken effect, or may still.
 * - `Passing`: it had no effect, and the same statement may succeed in a moment.
 * - `Data`: it had no effect, and never will with these values.
 * - `Refused`: it had no effect, and needs somebody to change something.
 */
export type Meaning = "Lost" | "Passing" | "Data" | "Refused"

/** Serialization failures, deadlocks, lock timeouts, cancelled queries, a server short of resources or read-only. */
const passing = /^(40|53|55P03|57014|25006)/
/** Values: of a wrong form, against a constraint, too large. */
const data = /^(22|23|54)/
/** The connection, or the server as it goes down. */
const lost = /^(08|57P|58|XX)/

export const meaning = (error: SqlError.SqlError): Meaning => {
  const state = sqlState(error)
  if (state === undefined || lost.test(state)) return "Lost"
  if (passing.test(state)) return "Passing"
  return data.test(state) ? "Data" : "Refused"
}
