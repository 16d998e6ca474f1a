/** The operating system's processes that write and read. They are gone when the scope closes. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { Data, Deferred, Effect, type Scope } from "effect"
import { environmentOf, type Message, type Settings } from "./messages.js"

export class WorkerFailed extends Data.TaggedError("WorkerFailed")<{ readonly message: string }> {}

export interface Worker {
  readonly name: string
  readonly pid: number
  /** Returns when it has begun. */
  readonly ready: Effect.Effect<void>
  /** `kill -9`. */
  readonly kill: Effect.Effect<void>
  /** Asks it to end, and waits for it. */
  readonly finish: Effect.Effect<void, WorkerFailed>
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const ended = (child: ChildProcess): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (hasEnded(child)) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

const kill = (child: ChildProcess) =>
  Effect.suspend(() => {
    child.kill("SIGKILL")
    return ended(child)
  })

const lastLines = (file: string) => fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-15).join("\n")

/** They make much that does not live long: with more room for it, collecting costs less. */
const flags = ["--max-semi-space-size=64"]

export interface Options extends Settings {
  readonly kind: "reader" | "writer"
  readonly folder: string
  readonly onMessage: (message: Message) => void
  /** Fails when a worker ends that nobody has ended. */
  readonly failure: Deferred.Deferred<never, WorkerFailed>
}

export const start = (options: Options): Effect.Effect<Worker, WorkerFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const name = `${options.kind} ${options.place + 1}`
    const log = path.join(options.folder, `${options.kind}-${options.life}.log`)
    const entry = fileURLToPath(new URL(`${options.kind}.ts`, import.meta.url))
    const output = yield* Effect.acquireRelease(
      Effect.sync(() => fs.openSync(log, "a")),
      (file) => Effect.sync(() => fs.closeSync(file))
    )
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [...process.execArgv, ...flags, entry], {
          stdio: ["ignore", output, output, "ipc"],
          // events come as arrays of numbers, not as text
          serialization: "advanced",
          env: { ...process.env, ...environmentOf(options), NO_COLOR: "1" }
        })
      ),
      (spawned) => {
        expected = true
        return kill(spawned)
      }
    )
    if (child.pid === undefined) return yield* new WorkerFailed({ message: `${name} could not be started` })
    const ready = yield* Deferred.make<void>()
    let expected = false
    child.on("message", (message: Message) => {
      if (message._tag === "Ready") Effect.runFork(Deferred.succeed(ready, undefined))
      options.onMessage(message)
    })
    child.once("exit", (code, signal) => {
      if (expected) return
      const message = `${name} ended by itself (${signal ?? code}):\n${lastLines(log)}`
      Effect.runFork(Deferred.fail(options.failure, new WorkerFailed({ message })))
    })
    return {
      name,
      pid: child.pid,
      ready: Deferred.await(ready),
      kill: Effect.suspend(() => {
        expected = true
        return kill(child)
      }),
      finish: Effect.suspend(() => {
        expected = true
        child.send("finish")
        const failed = () => new WorkerFailed({ message: `${name} does not come to a good end:\n${lastLines(log)}` })
        return ended(child).pipe(
          Effect.timeoutFail({ duration: "60 seconds", onTimeout: failed }),
          Effect.filterOrFail(() => child.exitCode === 0, failed),
          Effect.asVoid
        )
      })
    }
  })
