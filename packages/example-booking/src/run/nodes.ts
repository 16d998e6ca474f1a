/**
 * The demo's nodes: operating system processes of the application, each on ports of its own. They end with the scope,
 * in good order where they can; a node whose parent vanishes ends by itself.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { Data, Effect, Redacted, Schedule, type Scope } from "effect"

export class NodeFailed extends Data.TaggedError("NodeFailed")<{ readonly message: string }> {}

export interface Node {
  readonly name: string
  /** Its name in the cluster. */
  readonly runner: string
  readonly url: string
  readonly pid: number
  readonly log: string
  readonly kill: Effect.Effect<void>
  /** How long its processor has worked for it until now, in milliseconds. */
  readonly cpu: Effect.Effect<number, NodeFailed>
  /** Returns when it has ended, in whatever way. */
  readonly ended: Effect.Effect<void>
}

/** A folder for the nodes' logs. */
export const makeLogs = (keep: boolean): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "aecor-demo-"))),
    (folder) => Effect.sync(() => keep || fs.rmSync(folder, { recursive: true, force: true }))
  )

const freePort: Effect.Effect<number, NodeFailed> = Effect.mapError(
  EmbeddedPostgres.freePort,
  ({ message }) => new NodeFailed({ message })
)

const entry = fileURLToPath(new URL("node.ts", import.meta.url))
/**
 * As this program runs: on the packages' sources, or on what is compiled of them. A node makes much that does not live
 * long: with more room for it, collecting costs a fifth less.
 */
const nodeFlags = [...process.execArgv, "--max-semi-space-size=64"]
/** How long a node may take to leave in good order. */
const patience = "15 seconds"

const exitOf = (child: ChildProcess): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

const cpuOf = (child: ChildProcess, name: string): Effect.Effect<number, NodeFailed> =>
  Effect.async<number, NodeFailed>((resume) => {
    child.once("message", (milliseconds) => resume(Effect.succeed(Number(milliseconds))))
    child.send(
      "cpu",
      (error) => error && resume(new NodeFailed({ message: `${name} does not hear: ${error.message}` }))
    )
  }).pipe(
    Effect.timeoutFail({ duration: patience, onTimeout: () => new NodeFailed({ message: `${name} does not answer` }) })
  )

const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.suspend(() => {
    child.kill("SIGTERM")
    return Effect.timeoutFail(exitOf(child), { duration: patience, onTimeout: () => "late" })
  }).pipe(
    Effect.catchAll(() =>
      Effect.suspend(() => {
        child.kill("SIGKILL")
        return exitOf(child)
      })
    )
  )

/** Starts a node; it may not be ready yet. */
export const start = (
  name: string,
  options: { readonly databaseUrl: Redacted.Redacted; readonly logs: string }
): Effect.Effect<Node, NodeFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const [httpPort, clusterPort] = [yield* freePort, yield* freePort]
    const log = path.join(options.logs, `${name}.log`)
    const output = yield* Effect.acquireRelease(
      Effect.sync(() => fs.openSync(log, "a")),
      (file) => Effect.sync(() => fs.closeSync(file))
    )
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [...nodeFlags, entry], {
          // the channel tells the node when its parent is gone
          stdio: ["ignore", output, output, "ipc"],
          env: {
            ...process.env,
            DATABASE_URL: Redacted.value(options.databaseUrl),
            HOST: "127.0.0.1",
            HTTP_PORT: String(httpPort),
            CLUSTER_PORT: String(clusterPort),
            NO_COLOR: "1"
          }
        })
      ),
      stop
    )
    if (child.pid === undefined) return yield* new NodeFailed({ message: `${name} could not be started` })
    return {
      name,
      runner: `127.0.0.1:${clusterPort}`,
      url: `http://127.0.0.1:${httpPort}`,
      pid: child.pid,
      log,
      cpu: cpuOf(child, name),
      ended: exitOf(child),
      kill: Effect.suspend(() => {
        child.kill("SIGKILL")
        return exitOf(child)
      })
    }
  })

/** Waits until a node says that it is ready. Fails when it has ended instead. */
export const awaitReady = (node: Node): Effect.Effect<void, NodeFailed> => {
  const failed = (why: string) => new NodeFailed({ message: `${node.name} ${why}; see ${node.log}` })
  const asked = Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`${node.url}/ready`, { signal })
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`it answers ${response.status}`)
    },
    catch: (error) => (error instanceof Error ? error.message : String(error))
  }).pipe(
    Effect.timeout("2 seconds"),
    Effect.retry(Schedule.spaced("200 millis").pipe(Schedule.upTo("2 minutes"))),
    Effect.mapError((error) => failed(`is not ready: ${String(error)}`))
  )
  return Effect.raceFirst(asked, Effect.zipRight(node.ended, failed("has ended before it was ready")))
}
