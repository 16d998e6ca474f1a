// The code in README.md is the code of the walk: a block follows each `<!-- file.ts -->`. Run to write the blocks;
// `check` tells whether they are as the files are.
import * as fs from "node:fs"
import * as path from "node:path"
import { isMain, root } from "./lib.js"

const readme = path.join(root, "README.md")
const walk = path.join(root, "packages", "example-booking", "test", "walk")

const withBlocks = (text: string): string =>
  text.replace(/<!-- (\w+\.ts) -->\n(?:\n```ts\n[^]*?\n```\n)?/g, (_, file: string) => {
    const code = fs.readFileSync(path.join(walk, file), "utf8").trimEnd()
    return `<!-- ${file} -->\n\n\`\`\`ts\n${code}\n\`\`\`\n`
  })

export const check = (): ReadonlyArray<string> => {
  const text = fs.readFileSync(readme, "utf8")
  return text === withBlocks(text) ? [] : ["README.md shows other code than the walk: run `tsx scripts/readme.ts`"]
}

if (isMain(import.meta.url)) fs.writeFileSync(readme, withBlocks(fs.readFileSync(readme, "utf8")))
