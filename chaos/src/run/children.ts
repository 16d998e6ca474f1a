/** The operating system's processes of this program, as the one that started them sees them. They end with the scope. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { Data, Deferred, Effect, Option, type Scope } from "effect"
import type { Lifecycle } from "./child.js"
import * as Child from "./child.js"

export class ChildFailed extends Data.TaggedError("ChildFailed")<{ readonly message: string }> {}

export interface Running {
  readonly name: string
  readonly pid: number
  /** Returns when it has begun; fails where it ends before that. */
  readonly ready: Effect.Effect<void, ChildFailed>
  /** Returns when it is gone. */
  readonly ended: Effect.Effect<void>
  readonly isAlive: () => boolean
  /** Sends a signal after which it goes on. */
  readonly signal: (signal: "SIGSTOP" | "SIGCONT") => Effect.Effect<void>
  /** `kill -9`. */
  readonly kill: Effect.Effect<void>
  /** SIGTERM, and `kill -9` where it has not gone in time, as whoever runs nodes does it; gives whether it went by itself. */
  readonly terminate: Effect.Effect<boolean>
  /** Asks it by a message to end, and waits for that. */
  readonly finish: Effect.Effect<void, ChildFailed>
  readonly send: (message: unknown) => void
}

export interface Options<Message> {
  readonly name: string
  /** The program. */
  readonly entry: string
  /** Of node, beside this process's own. */
  readonly flags?: ReadonlyArray<string>
  readonly settings: unknown
  /** Where what it prints goes. */
  readonly log: string
  readonly onMessage: (message: Message) => void
  /** Fails when it ends after it has begun, and nobody has ended it. */
  readonly failure: Deferred.Deferred<never, ChildFailed>
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

/** A child that can be given up on: what it is asked for takes no longer. */
const patience = "60 seconds"

/** How long one may take to leave. */
const grace = "30 seconds"

export const start = <Message extends { readonly _tag: string }>(
  options: Options<Message>
): Effect.Effect<Running, ChildFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { log, name } = options
    let expected = false
    const output = yield* Effect.acquireRelease(
      Effect.sync(() => fs.openSync(log, "a")),
      (file) => Effect.sync(() => fs.closeSync(file))
    )
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [...process.execArgv, ...(options.flags ?? []), options.entry], {
          stdio: ["ignore", output, output, "ipc"],
          // arrays of numbers go as such, not as text
          serialization: "advanced",
          env: { ...process.env, ...Child.environmentOf(options.settings), NO_COLOR: "1" }
        })
      ),
      (spawned) => {
        expected = true
        return kill(spawned)
      }
    )
    if (child.pid === undefined) return yield* new ChildFailed({ message: `${name} could not be started` })
    const ready = yield* Deferred.make<void, ChildFailed>()
    child.on("message", (message: Message | Lifecycle) => {
      // what a child sends is this program's own: the tags tell the two apart
      if (message._tag === "Ready") Effect.runSync(Deferred.succeed(ready, undefined))
      else if (message._tag !== "Done") options.onMessage(message as Message)
    })
    child.once("exit", (code, signal) => {
      if (expected) return
      const message = `${name} ended by itself (${signal ?? code}):\n${lastLines(log)}`
      const error = new ChildFailed({ message })
      Effect.runSync(
        Effect.flatMap(Deferred.fail(ready, error), (first) =>
          first ? Effect.void : Deferred.fail(options.failure, error)
        )
      )
    })
    // a channel whose other end is gone is no news
    child.on("error", () => undefined)
    const asked = (how: () => void) =>
      Effect.suspend(() => {
        expected = true
        how()
        const failed = () => new ChildFailed({ message: `${name} does not come to a good end:\n${lastLines(log)}` })
        return ended(child).pipe(
          Effect.timeoutFail({ duration: patience, onTimeout: failed }),
          Effect.filterOrFail(() => child.exitCode === 0, failed),
          Effect.asVoid
        )
      })
    return {
      name,
      pid: child.pid,
      ready: Deferred.await(ready),
      ended: ended(child),
      isAlive: () => !hasEnded(child),
      signal: (signal) => Effect.sync(() => void child.kill(signal)),
      kill: Effect.suspend(() => {
        expected = true
        return kill(child)
      }),
      terminate: Effect.suspend(() => {
        expected = true
        child.kill("SIGTERM")
        return Effect.timeoutOption(ended(child), grace)
      }).pipe(
        Effect.map(Option.isSome),
        Effect.tap((gone) => (gone ? Effect.void : kill(child)))
      ),
      finish: asked(() => child.send("finish")),
      send: (message) => void (child.connected && child.send(message as object))
    }
  })

/** The log of a child, in a folder. */
export const logOf = (folder: string, name: string): string => path.join(folder, `${name.replaceAll(" ", "-")}.log`)
