// Checks the direction of the imports, type-only ones included.
//
//   core <- projection <- journal-pg <- example-booking <- the programs beside the packages
//
// Between packages: only downwards, only by package name, only what `exports` opens; `testing` only from tests, from
// another `testing`, from the example's `run` and tests, and from the programs. Inside a package: `src/*.ts` is the public contract,
// `src/internal/` the machinery; neither imports `src/testing/` or the package's own index, nor any file of `test/`.
// No import cycles anywhere. What moves in the next Effect is imported by few files of the libraries (docs/effect-v4.md).
import * as fs from "node:fs"
import * as path from "node:path"
import { isMain, libraries, packages, programs, root } from "./lib.js"

/** Files of a program that may use a library's testing kit: those that start an embedded server. */
const mayUseTesting = /^(packages\/example-booking\/src\/run|bench\/src\/run\/Database)([./]|$)|^chaos\//i

/** The files of the libraries that may import a package whose API moves; what is not listed may be imported anywhere. */
const confined: Readonly<Record<string, RegExp>> = {
  "@effect/cluster":
    /^core\/src\/(DistributedProcessing|EntityHost|testing\/TestCluster|internal\/(entityHostCluster|processEntity|shardEntities))\.ts$|^journal-pg\/src\/(PgCluster|internal\/cluster\w+)\.ts$/,
  "@effect/rpc":
    /^(core|projection)\/src\/testing\/|^core\/src\/(EventSourced|Registration|internal\/(processEntity|wire|wireCodec))\.ts$|^journal-pg\/src\/(PgCluster|internal\/cluster\w+)\.ts$/,
  "@effect/platform":
    /^core\/src\/(SnapshotStore|Snapshotting|internal\/snapshots|testing\/.+)\.ts$|^journal-pg\/src\/(PgCluster|PgKeyValueStore|internal\/keyValueStore)\.ts$/,
  "@effect/platform-node": /^journal-pg\/src\/(PgCluster|internal\/cluster\w+)\.ts$/,
  "@effect/sql": /^journal-pg\//,
  "@effect/sql-pg": /^journal-pg\//,
  pg: /^journal-pg\/src\/internal\/(dedicated|ownConnection|notifications)\.ts$/
}

const order: ReadonlyArray<string> = [...packages, ...programs]
const folderOf = (name: string): string =>
  programs.some((program) => program === name) ? name : path.posix.join("packages", name)

const specifiers = (text: string): ReadonlyArray<string> =>
  [
    ...text.matchAll(/^[ \t]*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']/gm),
    ...text.matchAll(/^[ \t]*import\s*["']([^"']+)["']/gm),
    ...text.matchAll(/^(?![ \t]*(?:\*|\/\/)).*?\bimport\(\s*["']([^"']+)["']\s*\)/gm)
  ].flatMap((match) => match[1] ?? [])

const sourcesOf = (name: string): ReadonlyArray<string> =>
  ["src", "test"]
    .map((area) => path.posix.join(folderOf(name), area))
    .filter((area) => fs.existsSync(path.join(root, area)))
    .flatMap((area) =>
      fs
        .readdirSync(path.join(root, area), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.m?tsx?$/.test(file))
        .map((file) => path.posix.join(area, file))
    )

/** `packages/core/src/internal/x.ts` is in package core, area src, part internal. */
const place = (file: string) => {
  const [name = "", area = "", ...rest] = file.replace(/^packages\//, "").split("/")
  const part =
    area === "src" && rest.length > 1 && (rest[0] === "internal" || rest[0] === "testing") ? rest[0] : "public"
  return { name, area, part, isIndex: area === "src" && rest.join("/") === "index.ts" }
}

interface Import {
  readonly file: string
  readonly specifier: string
  /** The file it names, where that is in the workspace. */
  readonly target: string | undefined
}

const opened = (name: string): Readonly<Record<string, string>> => {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, folderOf(name), "package.json"), "utf8"))
  return Object.fromEntries(
    Object.entries<Record<string, string>>(manifest.exports ?? {}).flatMap(([subpath, conditions]) => {
      const source = conditions["@aecor/source"]
      return source === undefined
        ? []
        : [[path.posix.join(manifest.name, subpath), path.posix.join(folderOf(name), source)] as const]
    })
  )
}

export const check = (): { readonly files: number; readonly violations: ReadonlyArray<string> } => {
  const files = order.flatMap(sourcesOf)
  const known = new Set(files)
  const entries = Object.assign({}, ...order.map(opened)) as Readonly<Record<string, string>>
  const resolve = (file: string, specifier: string): string | undefined => {
    if (!specifier.startsWith(".")) return entries[specifier]
    const joined = path.posix.join(path.posix.dirname(file), specifier)
    return (
      [joined, joined.replace(/\.js$/, ".ts"), joined.replace(/\.js$/, ".tsx")].find((one) => known.has(one)) ?? joined
    )
  }
  const imports: ReadonlyArray<Import> = files.flatMap((file) =>
    specifiers(fs.readFileSync(path.join(root, file), "utf8")).map((specifier) => ({
      file,
      specifier,
      target: resolve(file, specifier)
    }))
  )
  return { files: files.length, violations: [...imports.flatMap(broken), ...cycles(imports)] }
}

const broken = ({ file, specifier, target }: Import): ReadonlyArray<string> => {
  const says = (rule: string) => [`${file} imports "${specifier}": ${rule}`]
  const from = place(file)
  if (target === undefined) {
    const [external = ""] = /^(@[^/]+\/)?[^/]+/.exec(specifier) ?? []
    const allowed = confined[external]
    const library = from.area === "src" && libraries.some((name) => name === from.name)
    if (library && allowed?.test(file.replace(/^packages\//, "")) === false) {
      return says(`${external} moves in the next Effect: only the files that scripts/imports.ts lists may import it`)
    }
    const named = order.find((name) => specifier === `@aecor/${name}` || specifier.startsWith(`@aecor/${name}/`))
    return named === undefined ? [] : says(`not among the exports of @aecor/${named}`)
  }
  if (specifier.startsWith(".") && !target.startsWith(`${folderOf(from.name)}/`)) {
    return says("a relative path leaves its package")
  }
  const to = place(target)
  const testing = to.part === "testing" && from.area === "src" && from.part !== "testing" && !mayUseTesting.test(file)
  if (testing) return says("testing is for tests only")
  if (to.name !== from.name) {
    return order.indexOf(to.name) < order.indexOf(from.name) ? [] : says(`${from.name} stands below ${to.name}`)
  }
  if (from.area === "src" && to.area !== "src") return says("sources do not import tests")
  if (from.area === "src" && !specifier.startsWith(".")) return says("a package does not import itself by name")
  if (from.area === "src" && to.isIndex) return says("import the file itself, not the package's index")
  return []
}

/** One line a cycle, found depth first; a strongly connected knot may show as several. */
const cycles = (imports: ReadonlyArray<Import>): ReadonlyArray<string> => {
  const below = new Map<string, Set<string>>()
  for (const { file, target } of imports) {
    if (target !== undefined) below.set(file, (below.get(file) ?? new Set()).add(target))
  }
  const done = new Set<string>()
  const found: Array<string> = []
  const visit = (file: string, trail: ReadonlyArray<string>): void => {
    const start = trail.indexOf(file)
    if (start >= 0) return void found.push(`cycle: ${[...trail.slice(start), file].join(" -> ")}`)
    if (done.has(file)) return
    for (const next of below.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of below.keys()) visit(file, [])
  return found
}

if (isMain(import.meta.url)) {
  const { files, violations } = check()
  for (const violation of violations) console.log(violation)
  console.log(JSON.stringify({ imports: { files, violations: violations.length } }))
  process.exitCode = violations.length === 0 ? 0 : 1
}
