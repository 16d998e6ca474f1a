/** A benchmark: parts that can be run alone, each with its findings; at the end all of them in a file and in one line. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { Console, Effect, type Scope } from "effect"
import type * as Database from "./Database.js"
import { rounded } from "./Figures.js"
import * as Findings from "./Findings.js"
import type { Options } from "./Options.js"
import * as Screen from "./Screen.js"
import type * as Worker from "./Worker.js"

export type Failed = Database.Failed | Worker.WorkerFailed

/** What finds out the findings of a part. What it leaves for others lives until the scope of the run closes. */
export type Part = Effect.Effect<Findings.Findings, Failed, Database.Server | Worker.Flags | Scope.Scope>

export interface Benchmark<Name extends string> {
  readonly name: string
  readonly parts: ReadonlyArray<Name>
  readonly make: (options: Options<Name>) => Effect.Effect<(part: Name) => Part>
}

/** Where results are left. */
export const folder = fileURLToPath(new URL("../../results", import.meta.url))

/** The machine, as far as it explains figures. */
const machine = () => ({
  node: process.version,
  cpu: os.cpus()[0]?.model ?? "unknown",
  cores: os.cpus().length,
  memoryGb: Math.round(os.totalmem() / 2 ** 30)
})

const write = (name: string, results: unknown): Effect.Effect<string> =>
  Effect.sync(() => {
    fs.mkdirSync(folder, { recursive: true })
    const file = path.join(folder, `${name}-${new Date().toISOString().replaceAll(/[:.]/g, "-")}.json`)
    fs.writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
    return file
  })

const roundedAll = (summary: Findings.Summary): Findings.Summary =>
  Object.fromEntries(
    Object.entries(summary).map(([group, figures]) => [
      group,
      typeof figures === "number"
        ? rounded(figures)
        : Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, rounded(figure)]))
    ])
  )

/** Runs the parts, shows their tables, leaves the results in a file, and ends with one line of JSON. */
export const run = <Name extends string>(benchmark: Benchmark<Name>, options: Options<Name>) =>
  Effect.gen(function* () {
    const partOf = yield* benchmark.make(options)
    const found = yield* Effect.forEach(options.parts, (part) =>
      Effect.gen(function* () {
        yield* Screen.say(`${part} …`)
        const findings = yield* partOf(part)
        for (const table of findings.tables) yield* Console.log(`\n${Findings.lines(table).join("\n")}\n`)
        return [part, findings] as const
      })
    )
    const summary = roundedAll(Findings.merged(found.map(([, { summary: figures }]) => figures)))
    const raw = Object.fromEntries(found.map(([part, findings]) => [part, findings.raw]))
    const file = yield* write(benchmark.name, { machine: machine(), options, summary, raw })
    yield* Console.log(`every round's figures: ${path.relative(process.cwd(), file)}`)
    yield* Console.log(JSON.stringify({ bench: benchmark.name, ...summary }))
  }).pipe(Effect.scoped)
