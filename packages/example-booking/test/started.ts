/** The application as a person starts it on his machine: `pnpm start`, read by what it says. */
import { type ChildProcess, spawn } from "node:child_process"
import * as path from "node:path"
import { Data, Effect } from "effect"
import { inject } from "vitest"

class NotStarted extends Data.TaggedError("NotStarted")<{ readonly message: string }> {}

export interface Node {
  readonly runner: string
  readonly pid: number
}

/** What it has said by now. */
const told = (output: string) => ({
  url: /the page is (\S+),/.exec(output)?.[1],
  nodes: [...output.matchAll(/is (\S+); kill -9 (\d+) /g)].map(([_, runner = "", pid]): Node => ({
    runner,
    pid: Number(pid)
  }))
})

const endOf = (child: ChildProcess) =>
  Effect.async<number | null>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) resume(Effect.succeed(child.exitCode))
    else child.once("close", (code) => resume(Effect.succeed(code)))
  })

/** Starts it, on the test run's Postgres, and waits for its page; it is interrupted when the scope closes. */
export const start = (nodes: number) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const entry = path.join(import.meta.dirname, "..", "src", "start.ts")
        const command = [
          "--import",
          "tsx",
          "--conditions=@aecor/source",
          entry,
          "--nodes",
          String(nodes),
          "--port",
          "0"
        ]
        const env = { ...process.env, DATABASE_URL: inject("postgresUrl") }
        return spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"], env })
      }),
      (started) =>
        Effect.suspend(() => {
          started.kill("SIGINT")
          return endOf(started)
        })
    )
    let output = ""
    const ready = Effect.async<{ readonly url: string; readonly nodes: ReadonlyArray<Node> }, NotStarted>((resume) => {
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString()
        const { nodes: running, url } = told(output)
        if (url !== undefined && running.length === nodes) resume(Effect.succeed({ url, nodes: running }))
      })
      child.once("close", () => resume(new NotStarted({ message: output })))
    })
    return {
      ...(yield* ready),
      interrupt: Effect.sync(() => child.kill("SIGINT")),
      ended: endOf(child)
    }
  })
