/**
 * What a node says of a commit to a view, when it is done: the versions that rows have reached, where they are few, so
 * that who waits for one of them need not ask; or only that something has changed.
 */
import { Option, Schema } from "effect"

/** The keys with the versions that they have reached; "Something" where there is more to it. */
export type Change = ReadonlyMap<string, number> | "Something"

/** More keys than these are not told. */
const mostKeys = 100
/** All that a message says of a table. Postgres takes less than 8,000 bytes, the table's identity included. */
const mostBytes = 7000

const word = "commit"

const Versions = Schema.parseJson(Schema.Array(Schema.Tuple(Schema.String, Schema.NonNegativeInt)))
const decodeVersions = Schema.decodeUnknownOption(Versions)
const encodeVersions = Schema.encodeSync(Versions)

/** What a commit has stored: rows by key, and the versions of those that it has deleted. */
export const of = (
  rows: ReadonlyMap<string, { readonly version: number }>,
  tombstones: ReadonlyMap<string, number>
): Change => {
  if (rows.size + tombstones.size > mostKeys) return "Something"
  const versions = new Map(tombstones)
  for (const [key, { version }] of rows) versions.set(key, version)
  return versions
}

/** Versions only rise: of two, the later one tells all. */
export const both = (before: Change, after: Change): Change => {
  if (before === "Something" || after === "Something") return "Something"
  const versions = new Map(before)
  for (const [key, version] of after) versions.set(key, Math.max(version, versions.get(key) ?? 0))
  return versions.size > mostKeys ? "Something" : versions
}

export const encode = (change: Change): string => {
  if (change === "Something") return word
  const message = `${word} ${encodeVersions([...change])}`
  return Buffer.byteLength(message) > mostBytes ? word : message
}

/** Whatever it cannot read means that something has changed, and so does what was missed. */
export const decode = (said: string | undefined): Change => {
  if (said === undefined || !said.startsWith(`${word} `)) return "Something"
  return Option.match(decodeVersions(said.slice(word.length + 1)), {
    onNone: () => "Something" as const,
    onSome: (versions) => new Map(versions)
  })
}
