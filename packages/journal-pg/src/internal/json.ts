/** Values as JSON that comes back from the server as it went. */
import { Either } from "effect"

/** What JSON would change or drop without a word. */
const strict = function (this: unknown, property: string, value: unknown): unknown {
  const lossy =
    typeof value === "bigint" ||
    typeof value === "function" ||
    typeof value === "symbol" ||
    (typeof value === "number" && !Number.isFinite(value)) ||
    (value === undefined && (property === "" || Array.isArray(this)))
  if (lossy) throw new TypeError(`${property === "" ? "it" : JSON.stringify(property)} is ${String(value)}`)
  return value
}

/** JSON for NUL or half a surrogate pair: valid there, and refused by the server. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/

/** The JSON of a value, where the server would give the same value back. */
export const toJson = (value: unknown): Either.Either<string, string> => {
  try {
    const json = JSON.stringify(value, strict)
    return unstorable.test(json)
      ? Either.left("a text in it holds NUL or half a surrogate pair, which Postgres does not store")
      : Either.right(json)
  } catch (cause) {
    return Either.left(`it has no JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
