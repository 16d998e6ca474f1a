// Checks the published packages as a user would get them: packs each, looks at what is in it, lints the tarball with
// publint, resolves its types the way consumers do with attw; and lets a stranger's project use them all. Needs a build
// first. `--latest`: the stranger's project gets the newest versions of all else that the published ranges allow.
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { finish, libraries, root, run, runPnpm, runSteps, type Outcome } from "./lib.js"
import * as stranger from "./stranger.js"

const since = performance.now()
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "aecor-packages-"))

const manifestOf = (name: string) =>
  JSON.parse(fs.readFileSync(path.join(root, "packages", name, "package.json"), "utf8"))

/** The tarball of a package, as `pnpm pack` makes it. */
const pack = async (name: string): Promise<Outcome & { readonly file: string }> => {
  const into = path.join(folder, name)
  fs.mkdirSync(into)
  const packed = await runPnpm(["pack", "--pack-destination", into], path.join(root, "packages", name))
  const [tarball = "none"] = fs.readdirSync(into)
  return { ...packed, file: path.join(into, tarball) }
}

/** What may be in a package. Sources may: source maps and declaration maps lead to them. */
const allowed = /^package\/(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(d\.ts|js)(\.map)?|src\/.+\.ts)$/

/** Packages that what is published imports, and that its users are not told to have. */
const unnamed = (name: string): ReadonlyArray<string> => {
  const { dependencies = {}, peerDependencies = {} } = manifestOf(name)
  const dist = path.join(root, "packages", name, "dist")
  const imported = fs
    .readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(js|d\.ts)$/.test(file))
    .flatMap((file) => [
      ...fs.readFileSync(path.join(dist, file), "utf8").matchAll(/^(?!\s*\*).*?\bfrom "([^".][^"]*)"/gm)
    ])
    .map(([, specifier = ""]) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? "")
  return [...new Set(imported)].filter(
    (one) => !one.startsWith("node:") && !(one in { ...dependencies, ...peerDependencies })
  )
}

const contents = async (name: string, tarball: string): Promise<Outcome> => {
  const { ok, output } = await run("/bin/tar", ["-tzf", tarball])
  const files = output.trim().split("\n")
  const source = (file: string) => file.replace("/dist/", "/src/").replace(/\.(js|d\.ts)$/, ".ts")
  const compiled = files.filter((file) => /\/dist\/.*\.(js|d\.ts)$/.test(file))
  const required = ["package.json", "README.md", "LICENSE", "CHANGELOG.md"].map((file) => `package/${file}`)
  const { version } = manifestOf(name)
  const changelog = fs.readFileSync(path.join(root, "packages", name, "CHANGELOG.md"), "utf8")
  const wrong = [
    ...files.filter((file) => !allowed.test(file)).map((file) => `${file} has no place in a package`),
    ...compiled.filter((file) => !files.includes(source(file))).map((file) => `${file} is of no source: build anew`),
    ...required.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...unnamed(name).map((other) => `${other} is imported, and neither a dependency nor a peer`),
    ...(changelog.includes(`\n## ${version}\n`) ? [] : [`CHANGELOG.md says nothing of ${version}`])
  ]
  return { ok: ok && wrong.length === 0, output: wrong.join("\n") }
}

const check = async (name: string, tarball: string): Promise<Outcome> => {
  const outcomes = [
    await contents(name, tarball),
    await run("publint", ["run", tarball, "--strict"]),
    await run("attw", [tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji"])
  ]
  const failed = outcomes.filter(({ ok }) => !ok)
  return { ok: failed.length === 0, output: failed.map(({ output }) => output).join("\n") }
}

try {
  const tarballs = new Map<string, string>()
  for (const name of libraries) {
    const { file, ok, output } = await pack(name)
    if (!ok) throw new Error(output)
    tarballs.set(name, file)
  }
  const named = Object.fromEntries([...tarballs].map(([name, file]) => [manifestOf(name).name, file]))
  const latest = process.argv.includes("--latest")
  const steps = [
    { name: "stranger", run: () => stranger.check(path.join(folder, "stranger"), named, latest) },
    ...[...tarballs].map(([name, file]) => ({ name, run: () => check(name, file) }))
  ]
  const kilobytes = Object.fromEntries(
    [...tarballs].map(([name, file]) => [name, Math.ceil(fs.statSync(file).size / 1000)])
  )
  finish("packages", { ...(await runSteps(steps, 2)), kilobytes }, since)
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
