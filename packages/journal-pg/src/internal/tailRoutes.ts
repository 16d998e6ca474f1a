/** Which of the tags that somebody reads the rows of a page belong to. */
import type { TaggedRow } from "./journalRow.js"
import { tagText } from "./journalStatements.js"

/** The rows that any of the tags has, and for each the texts of those that have it. */
interface Routed {
  readonly rows: ReadonlyArray<TaggedRow>
  readonly routes: ReadonlyArray<ReadonlyArray<string>>
}

/** The texts of a row's tags, each once. */
const tagsOf = (row: TaggedRow): ReadonlyArray<string> => {
  const own = tagText({ name: row[9], partition: Number(row[10]) })
  return row[11] === null ? [own] : [...new Set([own, ...(JSON.parse(row[11]) as ReadonlyArray<string>)])]
}

export const route = (rows: ReadonlyArray<TaggedRow>, wanted: ReadonlySet<string>): Routed => {
  const picked: Array<TaggedRow> = []
  const routes: Array<ReadonlyArray<string>> = []
  for (const row of rows) {
    const to = tagsOf(row).filter((tag) => wanted.has(tag))
    if (to.length === 0) continue
    picked.push(row)
    routes.push(to)
  }
  return { rows: picked, routes }
}

/** By tag, what the rows came to, in their order. A tag of which there is nothing stands there with nothing. */
export const byTag = <A>(
  wanted: ReadonlySet<string>,
  routes: ReadonlyArray<ReadonlyArray<string>>,
  decoded: ReadonlyArray<A>
): ReadonlyMap<string, ReadonlyArray<A>> => {
  const found = new Map<string, Array<A>>()
  for (const tag of wanted) found.set(tag, [])
  for (const [i, one] of decoded.entries()) for (const tag of routes[i] ?? []) found.get(tag)?.push(one)
  return found
}
