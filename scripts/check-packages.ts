// Checks the published packages as a user would get them: packs each, lints the tarball with publint, and resolves
// its types the way consumers do with attw. Needs a build first.
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { finish, libraries, root, run, runSteps, type Outcome } from "./lib.js"

const since = performance.now()
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "aecor-packages-"))

/** `pnpm pack`, by the pnpm that runs this script: there need not be one on the PATH. */
const pack = (name: string, into: string): Promise<Outcome> => {
  const pnpm = process.env["npm_execpath"]
  const args = ["pack", "--pack-destination", into]
  const cwd = path.join(root, "packages", name)
  if (pnpm === undefined) return Promise.resolve({ ok: false, output: "run this script through pnpm" })
  return /\.c?js$/.test(pnpm) ? run(process.execPath, [pnpm, ...args], cwd) : run(pnpm, args, cwd)
}

const check = async (name: string): Promise<Outcome> => {
  const into = path.join(folder, name)
  fs.mkdirSync(into)
  const packed = await pack(name, into)
  const tarball = fs.readdirSync(into)[0]
  if (!packed.ok || tarball === undefined) return packed
  const file = path.join(into, tarball)
  const outcomes = [
    await run("publint", ["run", file, "--strict"]),
    await run("attw", [file, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji"])
  ]
  return {
    ok: outcomes.every(({ ok }) => ok),
    output: outcomes
      .filter(({ ok }) => !ok)
      .map(({ output }) => output)
      .join("\n")
  }
}

try {
  const steps = libraries.map((name) => ({ name, run: () => check(name) }))
  finish("packages", await runSteps(steps, 2), since)
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
