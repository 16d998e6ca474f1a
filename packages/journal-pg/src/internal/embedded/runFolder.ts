/**
 * The folder of one run: the server's data, its log, and a note of the process that owns it.
 *
 * A process killed with -9 leaves its server and its folder behind. The next start in the same parent folder finds
 * the note, sees that the owner is dead, stops the server and removes the folder (unless it was to be kept). It touches only folders of its own
 * user and machine, and only a process that runs on exactly that data folder.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { Effect, Either, Schema } from "effect"
import { ServerError } from "./ServerError.js"

const prefix = "aecor-postgres-"

const Note = Schema.parseJson(
  Schema.Struct({
    host: Schema.String,
    pid: Schema.Int,
    /** When the owner started, in the kernel's ticks; null where the platform does not tell. Process ids are reused. */
    started: Schema.NullOr(Schema.String),
    /** The folder stays when the server has stopped. */
    keep: Schema.Boolean
  })
)

const attempt = <A>(evaluate: () => A): A | undefined => Either.getOrUndefined(Either.try(evaluate))

/** What the kernel says of a process, where it tells: its state, and when it started. */
const kernelRecord = (pid: number): { readonly state: string; readonly started: string } | undefined => {
  // "pid (name) state …": the name may hold anything, so the fields count from its last parenthesis.
  const text = attempt(() => fs.readFileSync(`/proc/${pid}/stat`, "utf8"))
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? []
  const [state, started] = [fields[0], fields[19]]
  return state === undefined || started === undefined ? undefined : { state, started }
}

const alive = (pid: number, started: string | null): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false
  }
  const record = kernelRecord(pid)
  return record === undefined || (record.state !== "Z" && (started === null || record.started === started))
}

export const dataOf = (folder: string): string => path.join(folder, "data")
export const logOf = (folder: string): string => path.join(folder, "postgres.log")

/** The lines of Postgres's own lock file: the postmaster's pid is the first, "ready" the eighth. */
export const lockLines = (folder: string): ReadonlyArray<string> =>
  (attempt(() => fs.readFileSync(path.join(dataOf(folder), "postmaster.pid"), "utf8")) ?? "")
    .split("\n")
    .map((line) => line.trim())

export const create = (parent: string, keep: boolean): Effect.Effect<string, ServerError> =>
  Effect.try({
    try: () => {
      const folder = fs.mkdtempSync(path.join(parent, prefix))
      fs.chmodSync(folder, 0o755)
      const note = { host: os.hostname(), pid: process.pid, started: kernelRecord(process.pid)?.started ?? null, keep }
      fs.writeFileSync(path.join(folder, "owner.json"), Schema.encodeSync(Note)(note))
      return folder
    },
    catch: (cause) => new ServerError({ reason: "NoFolder", message: `no folder can be made in ${parent}`, cause })
  })

export const remove = (folder: string): void => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 })

/** Whether `pid` is a Postgres running on this folder's data; a zombie is not. */
const serves = (pid: number, folder: string): boolean => {
  const command =
    process.platform === "linux"
      ? attempt(() => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" "))
      : attempt(() => execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }))
  return command !== undefined && command.includes(` -D ${dataOf(folder)} `)
}

/** What to do with a folder found: nothing, while its owner lives or where it is not ours. */
const verdict = (folder: string): "leave" | "stop" | "stop and remove" => {
  const stat = attempt(() => fs.lstatSync(folder))
  if (stat === undefined || !stat.isDirectory() || stat.uid !== process.getuid?.()) return "leave"
  const text = attempt(() => fs.readFileSync(path.join(folder, "owner.json"), "utf8"))
  const note = text === undefined ? undefined : Either.getOrUndefined(Schema.decodeEither(Note)(text))
  // Without a note it is about to be written, or its owner died before that.
  if (note === undefined) return Date.now() - stat.mtimeMs > 60_000 ? "stop and remove" : "leave"
  if (note.host !== os.hostname()) return "leave"
  if (alive(note.pid, note.started)) return "leave"
  return note.keep ? "stop" : "stop and remove"
}

/** The postmaster that runs on this folder's data, if one does. */
const postmasterOf = (folder: string): number | undefined => {
  const pid = Number.parseInt(lockLines(folder)[0] ?? "", 10)
  return pid > 1 && serves(pid, folder) ? pid : undefined
}

/** Signals the folder's postmaster; whether there was one. */
export const signal = (folder: string, name: "SIGINT" | "SIGQUIT" | "SIGKILL"): boolean => {
  const pid = postmasterOf(folder)
  return pid !== undefined && attempt(() => process.kill(pid, name)) === true
}

const stopAbandoned = (folder: string) =>
  Effect.gen(function* () {
    for (const name of ["SIGQUIT", "SIGKILL"] as const) {
      if (!signal(folder, name)) return
      for (let waited = 0; waited < 5_000 && postmasterOf(folder) !== undefined; waited += 20) yield* Effect.sleep(20)
    }
  })

/** Stops the servers and removes the folders that dead owners left in `parent`. What resists is logged and left. */
export const cleanAbandoned = (parent: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const names = attempt(() => fs.readdirSync(parent)) ?? []
    for (const name of names.filter((entry) => entry.startsWith(prefix))) {
      const folder = path.join(parent, name)
      const what = verdict(folder)
      if (what === "leave") continue
      yield* stopAbandoned(folder)
      if (what === "stop") continue
      yield* Effect.try(() => remove(folder)).pipe(
        Effect.catchAll((error) => Effect.logWarning(`the abandoned folder ${folder} was not removed`, error))
      )
    }
  })
