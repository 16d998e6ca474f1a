/**
 * A process of its own with named tasks, so that what is compared shares neither a heap nor compiled code nor a library's
 * global settings. It lives as long as the scope in the parent, and ends by itself when the parent vanishes.
 */
import { type ChildProcess, fork } from "node:child_process"
import * as path from "node:path"
import { Context, Data, Effect, Layer, type Scope } from "effect"

/** What a program serves. Inputs and answers are copied between the processes (structured clone). */
export type Tasks = Readonly<Record<string, (input: never) => Promise<unknown>>>

export class WorkerFailed extends Data.TaggedError("WorkerFailed")<{ readonly message: string }> {}

/** The running process of a program that serves `T`. */
export interface Worker<T extends Tasks> {
  readonly pid: number
  readonly call: <K extends keyof T & string>(
    task: K,
    input: Parameters<T[K]>[0]
  ) => Effect.Effect<Awaited<ReturnType<T[K]>>, WorkerFailed>
}

/** The flags that a program's process gets beside the parent's own: none, unless profiles are asked for. */
export class Flags extends Context.Tag("bench/Worker/Flags")<Flags, (program: string) => ReadonlyArray<string>>() {
  static readonly layerNone: Layer.Layer<Flags> = Layer.succeed(Flags, () => [])
  /** A CPU profile of each process, in a folder named after the program. */
  static readonly layerProfile = (folder: string): Layer.Layer<Flags> =>
    Layer.succeed(Flags, (program) => [
      "--cpu-prof",
      `--cpu-prof-dir=${path.join(folder, path.basename(program, path.extname(program)))}`
    ])
}

interface Call {
  readonly id: number
  readonly task: string
  readonly input: unknown
}

type Message =
  | { readonly _tag: "Answer"; readonly id: number; readonly answer: unknown }
  | { readonly _tag: "Failure"; readonly id: number; readonly message: string }

const send = (message: Message): void => void process.send?.(message)

/** What arrives is a `Call`: only the parent writes to the channel, and it runs the same code. */
const taskOf = (tasks: Tasks, name: string) => tasks[name] as ((input: unknown) => Promise<unknown>) | undefined

/** Serves the tasks until the parent is gone. To be called once, by the program itself. */
export const serve = (tasks: Tasks): void => {
  process.on("message", ({ id, input, task }: Call) => {
    const run = async () => {
      const serving = taskOf(tasks, task)
      if (serving === undefined) throw new Error(`no task ${task}`)
      return serving(input)
    }
    run().then(
      (answer) => send({ _tag: "Answer", id, answer }),
      (error: unknown) =>
        send({ _tag: "Failure", id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    )
  })
  process.once("disconnect", () => process.exit())
  // a terminal's Ctrl-C reaches the whole group: the parent decides when this process ends
  process.on("SIGINT", () => undefined)
}

const exitOf = (child: ChildProcess): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

/** Without a channel it leaves by itself; one that cannot is killed. */
const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (child.connected) child.disconnect()
    return Effect.timeoutFail(exitOf(child), { duration: "5 seconds", onTimeout: () => "late" })
  }).pipe(Effect.catchAll(() => kill(child)))

const kill = (child: ChildProcess): Effect.Effect<void> =>
  Effect.suspend(() => {
    child.kill("SIGKILL")
    return exitOf(child)
  })

/** The answer to a task is what the program's own type says of it. */
const answerAs = <A>(answer: unknown): A => answer as A

/** Starts a program that calls `serve`, with more flags for Node than the parent has. */
export const start = <T extends Tasks>(
  program: string,
  more: ReadonlyArray<string> = []
): Effect.Effect<Worker<T>, WorkerFailed, Scope.Scope | Flags> =>
  Effect.gen(function* () {
    const flags = yield* Flags
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(program, { execArgv: [...process.execArgv, ...more, ...flags(program)], serialization: "advanced" })
      ),
      stop
    )
    const { pid } = child
    if (pid === undefined) return yield* new WorkerFailed({ message: `${program} could not be started` })

    const waiting = new Map<number, (outcome: Effect.Effect<unknown, WorkerFailed>) => void>()
    child.on("message", (message: Message) => {
      const failed = message._tag === "Failure"
      waiting.get(message.id)?.(
        failed ? new WorkerFailed({ message: `${program}: ${message.message}` }) : Effect.succeed(message.answer)
      )
      waiting.delete(message.id)
    })
    child.once("exit", (code, signal) => {
      for (const resume of waiting.values()) {
        resume(new WorkerFailed({ message: `${program} has ended: ${signal ?? code}` }))
      }
    })

    let calls = 0
    return {
      pid,
      call: <K extends keyof T & string>(task: K, input: Parameters<T[K]>[0]) =>
        Effect.async<Awaited<ReturnType<T[K]>>, WorkerFailed>((resume) => {
          const id = ++calls
          waiting.set(id, (outcome) => resume(Effect.map(outcome, answerAs<Awaited<ReturnType<T[K]>>>)))
          const call: Call = { id, task, input }
          child.send(call, (error) => {
            if (error !== null) resume(new WorkerFailed({ message: `${program}: ${error.message}` }))
          })
          // what it is at cannot be stopped otherwise, and its database may be gone next
          return kill(child)
        })
    }
  })
