/** The demo as a person runs it: what it leaves behind when it is interrupted. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Schedule } from "effect"

describe("the demo", () => {
  it.scopedLive(
    "leaves no process and no folder behind when it is interrupted in the middle, even twice",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const demo = yield* startDemo(folder, ["--nodes", "2", "--bookings", "5000"])
        yield* said(demo, "selling concertA")
        expect(fs.readdirSync(folder).filter(isOurs)).toHaveLength(2)
        yield* signalGroup(demo, "SIGINT")
        yield* signalGroup(demo, "SIGINT")
        yield* ended(demo)
        expect(fs.readdirSync(folder).filter(isOurs)).toEqual([])
        yield* gone(demo)
      }),
    180_000
  )
})

const isOurs = (name: string): boolean => name.startsWith("aecor-")

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "demo-test-"))
    // the server's account has to pass through
    fs.chmodSync(folder, 0o755)
    return folder
  }),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
)

/** In a process group of its own, as a terminal would start it. */
const startDemo = (folder: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const entry = path.join(import.meta.dirname, "..", "src", "demo.ts")
      const env = { ...process.env, TMPDIR: folder }
      const command = ["--import", "tsx", "--conditions=@aecor/source", entry, ...args]
      return spawn(process.execPath, command, { detached: true, stdio: ["ignore", "pipe", "inherit"], env })
    }),
    (demo) => Effect.ignore(signalGroup(demo, "SIGKILL"))
  )

const signalGroup = (demo: ChildProcess, signal: NodeJS.Signals | 0) =>
  Effect.try(() => process.kill(-(demo.pid ?? Number.NaN), signal))

/** Until nobody of the group is left: the compiler's service of `tsx` goes by itself, a moment after its parent. */
const gone = (demo: ChildProcess) =>
  Effect.exit(signalGroup(demo, 0)).pipe(
    Effect.repeat({ until: Exit.isFailure, schedule: Schedule.spaced("50 millis") }),
    Effect.timeout("45 seconds")
  )

const said = (demo: ChildProcess, words: string) =>
  Effect.async<void>((resume) => {
    let output = ""
    demo.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(words)) resume(Effect.void)
    })
  }).pipe(Effect.timeout("90 seconds"))

const ended = (demo: ChildProcess) =>
  Effect.async<void>((resume) => {
    if (demo.exitCode !== null || demo.signalCode !== null) resume(Effect.void)
    else demo.once("exit", () => resume(Effect.void))
  }).pipe(Effect.timeout("45 seconds"))
