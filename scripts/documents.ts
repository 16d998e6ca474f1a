// The documents of the repository, and the code that they show.
import * as fs from "node:fs"
import * as path from "node:path"
import { root } from "./lib.js"

export const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")

const unkept = new Set(["node_modules", "dist", "results", "coverage"])

/** Every Markdown file of the repository: paths from the root. */
export const markdown = (folder = ""): ReadonlyArray<string> =>
  fs
    .readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !unkept.has(name) && (!name.startsWith(".") || name === ".changeset"))
    .flatMap((entry) => {
      const file = path.posix.join(folder, entry.name)
      return entry.isDirectory() ? markdown(file) : entry.name.endsWith(".md") ? [file] : []
    })

export interface Block {
  /** What the comment before the block names: the file that it shows, or something else that a script knows. */
  readonly marker: string | undefined
  readonly language: string
  readonly text: string
  readonly line: number
}

/** The fenced code blocks of a document, in their order. */
export const blocks = (document: string): ReadonlyArray<Block> => {
  const found: Array<Block> = []
  const lines = document.split("\n")
  let marker: string | undefined
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ""
    const [, fence, language = ""] = /^\s*(`{3,})([\w-]*)/.exec(line) ?? []
    if (fence === undefined) {
      marker = /^<!-- ([\w./#-]+) -->$/.exec(line)?.[1] ?? (line.trim() === "" ? marker : undefined)
      continue
    }
    const end = lines.findIndex((other, at) => at > index && other.trim() === fence)
    const text = lines.slice(index + 1, end < 0 ? undefined : end).join("\n")
    found.push({ marker, language, text, line: index + 1 })
    marker = undefined
    index = end < 0 ? lines.length : end
  }
  return found
}
