// All static checks. Prints one line a check, what failed, and at the end one line of JSON.
import * as imports from "./imports.js"
import { finish, run, runSteps, type Outcome, type Step } from "./lib.js"
import * as links from "./links.js"
import * as readme from "./readme.js"

/** The Effect language service: floating effects, missing services and the like. Suggestions are not asked for. */
const effectFlags = ["--project", "tsconfig.json", "--format", "text", "--severity", "error,warning", "--strict"]

const told = (violations: ReadonlyArray<string>): Promise<Outcome> =>
  Promise.resolve({ ok: violations.length === 0, output: violations.join("\n") })

const since = performance.now()
const direction = imports.check()

const steps: ReadonlyArray<Step> = [
  { name: "types", run: () => run("tsc", ["-b"]) },
  { name: "effect", run: () => run("effect-tsgo", ["diagnostics", ...effectFlags]) },
  { name: "lint", run: () => run("oxlint", ["--deny-warnings"]) },
  { name: "format", run: () => run("oxfmt", ["--check"]) },
  { name: "imports", run: () => told(direction.violations) },
  { name: "readme", run: () => told(readme.check()) },
  { name: "links", run: () => told(links.check()) },
  { name: "unused", run: () => run("knip", ["--no-config-hints"]) }
]

const figures = { ...(await runSteps(steps, 2)), files: direction.files }
finish("check", figures, since)
