/**
 * PgBouncer in transaction mode before a Postgres server on the loopback, to try what becomes of an application behind a
 * pooler, and of its connections when the pooler is killed. Where the program is not installed there is none.
 *
 * @since 0.1.0
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { Effect, Option, Redacted, type Scope } from "effect"
import * as Account from "../internal/embedded/account.js"
import * as FreePort from "../internal/embedded/freePort.js"
import { ServerError } from "../internal/embedded/ServerError.js"

/**
 * - `through`: the URL of one of the server's databases, through the pooler.
 * - `whileDown`: takes the pooler down, without a word to its clients, for as long as the effect takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pooler {
  readonly through: (database: Redacted.Redacted) => Redacted.Redacted
  readonly whileDown: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ServerError, R>
}

/**
 * The program, where it is installed: in the `PATH`, or where Debian puts it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const executable: Option.Option<string> = Option.fromNullable(
  [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/usr/local/sbin"]
    .map((folder) => path.join(folder, "pgbouncer"))
    .find((file) => fs.existsSync(file))
)

const configuration = (server: URL, port: number, folder: string) => `
[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_file = ${path.join(folder, "users.txt")}
max_client_conn = 500
default_pool_size = 8
server_login_retry = 1
`

const folderOf = (server: URL, account: Account.Account, port: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "aecor-pooler-"))
      const quoted = [server.username, server.password].map((text) => `"${decodeURIComponent(text)}"`)
      fs.writeFileSync(path.join(folder, "users.txt"), quoted.join(" "))
      fs.writeFileSync(path.join(folder, "pgbouncer.ini"), configuration(server, port, folder))
      fs.chmodSync(folder, 0o755)
      if (account !== undefined) fs.chownSync(path.join(folder, "users.txt"), account.uid, account.gid)
      return folder
    }),
    (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
  )

const accepts = (port: number) =>
  Effect.async<boolean>((resume) => {
    const socket = net.connect(port, "127.0.0.1")
    const done = (answer: boolean) => {
      socket.destroy()
      resume(Effect.succeed(answer))
    }
    socket.once("connect", () => done(true)).once("error", () => done(false))
  })

const kill = (child: ChildProcess) =>
  Effect.promise(async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined
    child.kill("SIGKILL")
    await ended
  })

/** The same database, at another port of the loopback. */
const atPort = (database: Redacted.Redacted, port: number): Redacted.Redacted => {
  const url = new URL(Redacted.value(database))
  url.hostname = "127.0.0.1"
  url.port = String(port)
  return Redacted.make(url.toString())
}

/**
 * Starts a pooler of the given program before the server of a URL; it ends with the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (program: string, url: Redacted.Redacted): Effect.Effect<Pooler, ServerError, Scope.Scope> =>
  Effect.gen(function* () {
    const server = new URL(Redacted.value(url))
    const account = yield* Account.choose
    const port = yield* FreePort.freePort
    const folder = yield* folderOf(server, account, port)
    const start = Effect.gen(function* () {
      const child = spawn(program, ["-q", path.join(folder, "pgbouncer.ini")], { stdio: "ignore", ...account })
      while (!(yield* accepts(port))) {
        if (child.exitCode !== null) {
          return yield* new ServerError({ reason: "StartFailed", message: `${program} ended with ${child.exitCode}` })
        }
        yield* Effect.sleep("20 millis")
      }
      return child
    })
    let running: ChildProcess = yield* Effect.acquireRelease(start, () => Effect.suspend(() => kill(running)))
    return {
      through: (database) => atPort(database, port),
      whileDown: (effect) =>
        Effect.gen(function* () {
          yield* kill(running)
          const exit = yield* Effect.exit(effect)
          running = yield* start
          return yield* exit
        })
    }
  })
