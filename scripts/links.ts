// Looks for dead links in the documents: a relative link has to lead to a file of the repository, and its anchor to a
// heading there; and every page of `docs` has to be reached from the README. Addresses of the web are not asked for.
import * as fs from "node:fs"
import * as path from "node:path"
import { markdown, read } from "./documents.js"
import { isMain, root } from "./lib.js"

/** The document without its code, in blocks and in lines: what stands there is no link and no heading. */
const prose = (document: string): string =>
  document.replace(/^( *)(`{3,})[^]*?^ *\2 *$/gm, "").replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()#]/g, ""))

/** The anchors of a document's headings, as GitHub makes them. */
const anchors = (document: string): ReadonlySet<string> => {
  const taken = new Map<string, number>()
  const found = new Set<string>()
  for (const [, heading = ""] of prose(document).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
    const slug = text.replace(/[^\p{L}\p{N}_ -]/gu, "").replace(/ /g, "-")
    const times = taken.get(slug) ?? 0
    taken.set(slug, times + 1)
    found.add(times === 0 ? slug : `${slug}-${times}`)
  }
  return found
}

interface Link {
  readonly from: string
  readonly target: string
  readonly file: string
  readonly anchor: string | undefined
}

const links = (from: string): ReadonlyArray<Link> =>
  [...prose(read(from)).matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)]
    .map((match) => match[1] ?? match[2] ?? "")
    .filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
    .map((target) => {
      const [file = "", anchor] = target.split("#")
      const named = file === "" ? from : path.posix.join(path.posix.dirname(from), decodeURIComponent(file))
      return { from, target, file: named, anchor }
    })

const dead = ({ anchor, file, from, target }: Link): ReadonlyArray<string> => {
  const says = (what: string) => [`${from} links to ${target}: ${what}`]
  if (file.startsWith("..")) return says("outside the repository")
  if (!fs.existsSync(path.join(root, file))) return says("there is no such file")
  if (anchor === undefined || !file.endsWith(".md")) return []
  return anchors(read(file)).has(anchor) ? [] : says(`no heading makes the anchor #${anchor}`)
}

export const check = (): ReadonlyArray<string> => {
  const documents = markdown()
  const all = documents.flatMap(links)
  const index = new Set(all.filter(({ from }) => from === "README.md").map(({ file }) => path.posix.normalize(file)))
  const unlisted = documents.filter((one) => one.startsWith("docs/") && !index.has(one))
  return [...all.flatMap(dead), ...unlisted.map((one) => `${one} is not among the pages that the README lists`)]
}

if (isMain(import.meta.url)) {
  const found = check()
  for (const line of found) console.log(line)
  process.exitCode = found.length === 0 ? 0 : 1
}
