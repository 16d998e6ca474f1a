// The code in the documents is code of tests: a block follows each `<!-- file.ts -->`. Run to write the blocks; `check`
// tells whether they are as the files are.
import * as fs from "node:fs"
import * as path from "node:path"
import { isMain, root } from "./lib.js"

/** The documents, and the folder that each takes its code from. */
const documents = [
  { document: "README.md", code: "packages/example-booking/test/walk" },
  { document: "docs/evolution.md", code: "packages/core/test/evolution" },
  { document: "docs/repartition.md", code: "packages/example-booking/test/repartition" },
  { document: "docs/processes.md", code: "packages/journal-pg/test/processes" },
  { document: "docs/simulation.md", code: "packages/core/test/simulation" }
]

const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")

const withBlocks = ({ code, document }: (typeof documents)[number]): string =>
  read(document).replace(/<!-- ([\w.]+\.ts) -->\n(?:\n```ts\n[^]*?\n```\n)?/g, (_, file: string) => {
    const block = read(path.join(code, file)).trimEnd()
    return `<!-- ${file} -->\n\n\`\`\`ts\n${block}\n\`\`\`\n`
  })

export const check = (): ReadonlyArray<string> =>
  documents
    .filter((one) => read(one.document) !== withBlocks(one))
    .map(({ code, document }) => `${document} shows other code than ${code}: run \`tsx scripts/readme.ts\``)

if (isMain(import.meta.url)) {
  for (const one of documents) fs.writeFileSync(path.join(root, one.document), withBlocks(one))
}
