// What the scripts of this folder share.
import { spawn } from "node:child_process"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

export const root = path.resolve(import.meta.dirname, "..")

/** The packages, lowest first: each may import those before it. */
export const packages = ["core", "projection", "journal-pg", "example-booking"] as const

/** Private programs beside the packages: each may import them all, and the programs before it. */
export const programs = ["chaos", "bench"] as const

/** The packages that are published. */
export const libraries = packages.slice(0, 3)

export interface Outcome {
  readonly ok: boolean
  readonly output: string
}

/** Runs a program of `node_modules/.bin` (or any absolute path) at the root and collects what it prints. */
export const run = (program: string, args: ReadonlyArray<string>, cwd: string = root): Promise<Outcome> =>
  new Promise((resolve) => {
    const file = path.isAbsolute(program) ? program : path.join(root, "node_modules", ".bin", program)
    const child = spawn(file, args, { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.on("error", (error) => resolve({ ok: false, output: String(error) }))
    child.on("close", (code) => resolve({ ok: code === 0, output }))
  })

/** Runs the pnpm that runs this script: there need not be one on the PATH. */
export const runPnpm = (args: ReadonlyArray<string>, cwd: string): Promise<Outcome> => {
  const pnpm = process.env["npm_execpath"]
  if (pnpm === undefined) return Promise.resolve({ ok: false, output: "run this script through pnpm" })
  return /\.c?js$/.test(pnpm) ? run(process.execPath, [pnpm, ...args], cwd) : run(pnpm, args, cwd)
}

export interface Step {
  readonly name: string
  readonly run: () => Promise<Outcome>
}

/** Runs the steps, at most `width` at once, tells how each ended, and prints what a failed one said. */
export const runSteps = async (
  steps: ReadonlyArray<Step>,
  width: number
): Promise<Readonly<Record<string, "ok" | "failed">>> => {
  const results: Record<string, "ok" | "failed"> = {}
  const waiting = [...steps]
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const since = performance.now()
      const { ok, output } = await step.run()
      results[step.name] = ok ? "ok" : "failed"
      console.log(`${ok ? "ok    " : "FAILED"} ${step.name} (${((performance.now() - since) / 1000).toFixed(1)} s)`)
      if (!ok) console.log(output.trimEnd())
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return Object.fromEntries(steps.map(({ name }) => [name, results[name] ?? "failed"]))
}

/** The last line of a script: its figures as JSON; the exit code says whether all is well. */
export const finish = (script: string, figures: Readonly<Record<string, unknown>>, since: number): void => {
  const seconds = Number(((performance.now() - since) / 1000).toFixed(1))
  console.log(JSON.stringify({ [script]: { ...figures, seconds } }))
  process.exitCode = Object.values(figures).includes("failed") ? 1 : 0
}

export const isMain = (url: string): boolean => process.argv[1] === fileURLToPath(url)
