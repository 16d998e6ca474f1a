/** The program as a person runs it: what it leaves behind when it is interrupted. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"

it.scopedLive("leaves no process and no folder behind when it is interrupted, even twice", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const chaos = yield* startChaos(folder, ["--only", "journal", "--events", "10000", "--seed", "1"])
    yield* said(chaos, "processes read")
    expect(fs.readdirSync(folder).filter(isOurs)).toHaveLength(1)
    yield* signalGroup(chaos, "SIGINT")
    yield* signalGroup(chaos, "SIGINT")
    yield* ended(chaos)
    // as a program that the signal has ended
    expect(chaos.exitCode).toBe(130)
    expect(fs.readdirSync(folder).filter(isOurs)).toEqual([])
    yield* gone(chaos)
  })
)

const isOurs = (name: string): boolean => name.startsWith("aecor-")

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "chaos-test-"))
    // the server's account has to pass through
    fs.chmodSync(folder, 0o755)
    return folder
  }),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
)

/** In a process group of its own, as a terminal would start it. */
const startChaos = (folder: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const entry = path.join(import.meta.dirname, "..", "src", "main.ts")
      const command = ["--import", "tsx", "--conditions=@aecor/source", entry, ...args]
      const env = { ...process.env, TMPDIR: folder }
      return spawn(process.execPath, command, { detached: true, stdio: ["ignore", "pipe", "inherit"], env })
    }),
    (chaos) => Effect.ignore(signalGroup(chaos, "SIGKILL"))
  )

const signalGroup = (chaos: ChildProcess, signal: NodeJS.Signals | 0) =>
  Effect.try(() => process.kill(-(chaos.pid ?? Number.NaN), signal))

/** Until nobody is left of the group: the compiler of a process ends after it. */
const gone = (chaos: ChildProcess) =>
  Effect.flip(signalGroup(chaos, 0)).pipe(Effect.retry(Schedule.spaced("50 millis")), Effect.timeout("10 seconds"))

const said = (chaos: ChildProcess, words: string) =>
  Effect.async<void>((resume) => {
    let output = ""
    chaos.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(words)) resume(Effect.void)
    })
  }).pipe(Effect.timeout("60 seconds"))

const ended = (chaos: ChildProcess) =>
  Effect.async<void>((resume) => {
    if (chaos.exitCode !== null || chaos.signalCode !== null) resume(Effect.void)
    else chaos.once("exit", () => resume(Effect.void))
  }).pipe(Effect.timeout("30 seconds"))
