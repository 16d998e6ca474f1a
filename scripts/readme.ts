// The code in the documents is code of tests: a block follows each `<!-- file.ts -->`, and is that file, or of it what
// stands between `// #region name` and `// #endregion` for `<!-- file.ts#name -->`. Run to write the blocks; `check` tells
// whether they are as the files are, and which TypeScript in a document is no code of a test.
import * as fs from "node:fs"
import * as path from "node:path"
import { blocks, markdown, read } from "./documents.js"
import { isMain, libraries, root } from "./lib.js"

/** The documents with code, and the folder that each takes it from. */
const folders: Readonly<Record<string, string>> = {
  "README.md": "packages/example-booking/test/walk",
  "docs/getting-started.md": "packages/example-booking/test/walk",
  "docs/entities.md": "packages/core/test/entities",
  "docs/testing.md": "packages",
  "docs/evolution.md": "packages/core/test/evolution",
  "docs/repartition.md": "packages/example-booking/test/repartition",
  "docs/processes.md": "packages/journal-pg/test/processes",
  "docs/projections.md": "packages/journal-pg/test/projections",
  "docs/process-managers.md": "packages/projection/test/managers",
  "docs/timers.md": "packages/projection/test/timers",
  "docs/replay.md": "packages/example-booking/test/replay",
  "docs/operations.md": "packages/journal-pg/test/operations",
  "docs/simulation.md": "packages/core/test/simulation"
}

const marked = /<!-- ([\w./-]+\.(ts|json|sql))(?:#([\w-]+))? -->\n(?:\n```\w+\n[^]*?\n```\n)?/g

const codeOf = (file: string, region: string | undefined): string => {
  const text = read(file).trimEnd()
  if (region === undefined) return text
  const lines = text.split("\n")
  const first = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const last = lines.findIndex((line, index) => index > first && line.trim() === "// #endregion")
  if (first < 0 || last < 0) throw new Error(`${file} has no region ${region}`)
  const within = lines.slice(first + 1, last)
  const indent = Math.min(...within.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)))
  return within.map((line) => line.slice(indent)).join("\n")
}

const withBlocks = (document: string, folder: string): string =>
  read(document).replace(marked, (_, file: string, language: string, region: string | undefined) => {
    const code = codeOf(path.join(folder, file), region)
    return `<!-- ${region === undefined ? file : `${file}#${region}`} -->\n\n\`\`\`${language}\n${code}\n\`\`\`\n`
  })

/** Nobody would notice when code that is taken from nowhere is no longer true. */
const unmarked = (document: string): ReadonlyArray<string> =>
  blocks(read(document))
    .filter(({ language, marker }) => /^(ts|tsx|typescript)$/.test(language) && marker === undefined)
    .map(({ line }) => `${document}:${line}: TypeScript without the file of a test that it is taken from`)

const different = (document: string): ReadonlyArray<string> => {
  const folder = folders[document]
  const shows = read(document).match(marked) !== null
  if (folder === undefined) return shows ? [`${document}: scripts/readme.ts does not say where its code is`] : []
  if (read(document) === withBlocks(document, folder)) return []
  return [`${document} shows other code than ${folder}: run \`tsx scripts/readme.ts\``]
}

/** What is exported as a namespace by a package's index. */
const exported = (index: string, names: RegExp): ReadonlyArray<string> =>
  [...read(index).matchAll(/^export \* as (\w+)/gm)].map(([, name = ""]) => name).filter((name) => names.test(name))

/** What a page that claims to name all of a kind does not name. */
const untold = (): ReadonlyArray<string> => {
  const metrics = libraries
    .flatMap((name) => sources(path.join("packages", name, "src")))
    .flatMap((file) => [...read(file).matchAll(/Metric\.\w+\(\s*"(\w+)"/g)].map(([, metric = ""]) => metric))
  const adapters = exported("packages/journal-pg/src/index.ts", /^Pg/)
  const suites = libraries.flatMap((name) => exported(path.join("packages", name, "src/testing/index.ts"), /Suite$/))
  return [
    ...[...metrics, ...adapters].map((name) => ["docs/operations.md", name] as const),
    ...suites.map((name) => ["docs/testing.md", name] as const)
  ]
    .filter(([page, name]) => !new RegExp(`\`${name}\\b`).test(read(page)))
    .map(([page, name]) => `${page} does not name ${name}`)
}

const sources = (folder: string): ReadonlyArray<string> =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file))

export const check = (): ReadonlyArray<string> => [
  ...markdown().flatMap((one) => [...unmarked(one), ...different(one)]),
  ...untold()
]

if (isMain(import.meta.url)) {
  for (const [document, folder] of Object.entries(folders)) {
    fs.writeFileSync(path.join(root, document), withBlocks(document, folder))
  }
}
