/** Values as JSON that comes back from the server as it went. */
import { Either, Predicate } from "effect"

/** What JSON would change or drop without a word, with the property that holds it. */
const lossy = (value: unknown, property: string, inArray: boolean): string | undefined => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined
    case "number":
      return Number.isFinite(value) ? undefined : told(value, property)
    case "undefined":
      return inArray || property === "" ? told(value, property) : undefined
    case "object":
      return value === null ? undefined : lossyWithin(value, property)
    default:
      return told(value, property)
  }
}

const lossyWithin = (value: object, property: string): string | undefined => {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = lossy(value[i], String(i), true)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (Predicate.hasProperty(value, "toJSON") && typeof value.toJSON === "function") {
    return lossy(value.toJSON(property), property, false)
  }
  const members = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(value)) {
    const found = lossy(members[name], name, false)
    if (found !== undefined) return found
  }
  return undefined
}

const told = (value: unknown, property: string): string =>
  `${property === "" ? "it" : JSON.stringify(property)} is ${String(value)}`

/** JSON for NUL or half a surrogate pair: valid there, and refused by the server. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/

/** The JSON of a value, where the server would give the same value back. */
export const toJson = (value: unknown): Either.Either<string, string> => {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    return Either.left(`it has no JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  const lost = lossy(value, "", false)
  if (lost !== undefined || json === undefined) return Either.left(`it has no JSON: ${lost}`)
  return json.includes("\\u") && unstorable.test(json)
    ? Either.left("a text in it holds NUL or half a surrogate pair, which Postgres does not store")
    : Either.right(json)
}
