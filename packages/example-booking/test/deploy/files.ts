/** What the files of a deployment are checked against: the workspace, and the application's own settings. */
import * as fs from "node:fs"
import * as path from "node:path"
import { Schema } from "effect"
import { parseAllDocuments } from "yaml"

const root = path.join(import.meta.dirname, "..", "..", "..", "..")

export const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")
export const exists = (file: string): boolean => fs.existsSync(path.join(root, file))

/** The documents of a YAML file, each decoded. A key that stands twice, or an alias of nothing, is an error. */
export const documents = <A, I>(file: string, schema: Schema.Schema<A, I>): ReadonlyArray<A> =>
  parseAllDocuments(read(file), { merge: true, strict: true, uniqueKeys: true }).map((document) => {
    const [error] = [...document.errors, ...document.warnings]
    if (error !== undefined) throw error
    return Schema.decodeUnknownSync(schema)(document.toJS())
  })

/** The names of the settings that the application reads, by its sources. */
export const settings: ReadonlySet<string> = new Set(
  fs
    .readdirSync(path.join(root, "packages/example-booking/src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...read(`packages/example-booking/src/${file}`).matchAll(/Config\.\w+\("([A-Z_]+)"/g)])
    .flatMap(([_, name]) => name ?? [])
)

/** The application's ports where nothing else is said. */
const defaultOf = (name: string): number =>
  Number(new RegExp(`Config\\.port\\("${name}"\\), (\\d+)\\)`).exec(read("packages/example-booking/src/main.ts"))?.[1])
export const ports = { http: defaultOf("HTTP_PORT"), cluster: defaultOf("CLUSTER_PORT") }

/** An instruction of a Dockerfile: its name, its flags, the rest. */
interface Instruction {
  readonly name: string
  readonly flags: Readonly<Record<string, string>>
  readonly rest: string
}

export interface Stage {
  readonly name: string | undefined
  readonly base: string
  readonly instructions: ReadonlyArray<Instruction>
}

const instructionOf = (line: string): Instruction => {
  const [_, name = "", rest = ""] = /^(\w+)\s+(.*)$/s.exec(line) ?? []
  const flags = [...rest.matchAll(/(?<=^|\s)--([\w-]+)=(\S+)/g)]
  const isFlagged = name === "COPY" || name === "HEALTHCHECK" || name === "FROM"
  return {
    name,
    flags: isFlagged ? Object.fromEntries(flags.map(([__, flag, value]) => [flag, value])) : {},
    rest: isFlagged ? rest.replace(/(^|\s)--[\w-]+=\S+/g, "").trim() : rest
  }
}

/** The stages of a Dockerfile. */
export const stages = (file: string): ReadonlyArray<Stage> => {
  const lines = read(file)
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n\s*/g, " ")
    .split("\n")
  const all: Array<{ name: string | undefined; base: string; instructions: Array<Instruction> }> = []
  for (const instruction of lines.filter((line) => line.trim() !== "").map(instructionOf)) {
    const [base = "", _, name] = instruction.rest.split(/\s+/)
    if (instruction.name === "FROM") all.push({ name, base, instructions: [] })
    else all.at(-1)?.instructions.push(instruction)
  }
  return all
}
