/** The files of `GoldenEvents`: one for each type and version, a list of examples in each. */
import { Data, Effect } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { isDeepStrictEqual } from "node:util"

/** A type in a version: what a file is of. */
export interface Place {
  readonly type: string
  readonly version: number
}

/** What is wrong with a file, and what to do about it. */
export class GoldenError extends Data.TaggedError("GoldenError")<{ readonly message: string }> {}

export const wrong = (place: Place, message: string): GoldenError =>
  new GoldenError({ message: `${nameOf(place)}: ${message}` })

/** A type may be of any characters, the name of a file may not. */
export const nameOf = ({ type, version }: Place): string => `${encodeURIComponent(type)}.v${version}.json`

export const textOf = (examples: ReadonlyArray<unknown>): string => `${JSON.stringify(examples, null, 2)}\n`

export const hasExample = (examples: ReadonlyArray<unknown>, one: unknown): boolean =>
  examples.some((example) => isDeepStrictEqual(example, one))

export const pathOf = (directory: string, place: Place): string => path.join(directory, nameOf(place))

const isExamples = (json: unknown): json is ReadonlyArray<unknown> => Array.isArray(json) && json.length > 0

/** The examples of a file; `undefined` where there is no such file. */
export const read = Effect.fnUntraced(function* (directory: string, place: Place) {
  const file = pathOf(directory, place)
  if (!fs.existsSync(file)) return undefined
  const json = yield* Effect.try({
    try: (): unknown => JSON.parse(fs.readFileSync(file, "utf8")),
    catch: (cause) => wrong(place, String(cause))
  })
  return isExamples(json) ? json : yield* wrong(place, "it must be a list of one example or more")
})

/** Writes a file that is not there yet. */
export const create = (directory: string, place: Place, examples: ReadonlyArray<unknown>) =>
  Effect.try({
    try: () => {
      fs.mkdirSync(directory, { recursive: true })
      fs.writeFileSync(pathOf(directory, place), textOf(examples), { flag: "wx" })
    },
    catch: (cause) => wrong(place, `it cannot be written: ${cause}`)
  })

/** The files of a folder that are of none of these. */
export const leftOver = (directory: string, places: ReadonlyArray<Place>): ReadonlyArray<string> => {
  const known = new Set(places.map(nameOf))
  const files = fs.existsSync(directory) ? fs.readdirSync(directory) : []
  return files.filter((file) => file.endsWith(".json") && !known.has(file))
}
