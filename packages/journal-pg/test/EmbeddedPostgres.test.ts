import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Exit, type Redacted, Scope } from "effect"
import { inject } from "vitest"

it.scopedLive("serves on the loopback until its scope closes, and leaves nothing behind", () =>
  Effect.gen(function* () {
    const parent = yield* folder
    const scope = yield* Scope.make()
    const server = yield* Scope.extend(EmbeddedPostgres.make({ directory: parent }), scope)
    const settings = yield* query<{ listen: string; sockets: string; max: string }>(
      server.url,
      `SELECT current_setting('listen_addresses') AS listen, current_setting('unix_socket_directories') AS sockets,
              current_setting('max_connections') AS max`
    )
    expect(settings).toEqual([{ listen: "127.0.0.1", sockets: "", max: "200" }])
    yield* Scope.close(scope, Exit.void)
    expect(runs(server.pid)).toBe(false)
    expect(fs.readdirSync(parent)).toEqual([])
  })
)

it.scopedLive("stops the server and removes the folder when the process exits without closing the scope", () =>
  Effect.gen(function* () {
    const parent = yield* folder
    const left = yield* program(parent, "exit")
    yield* left.ended
    yield* until(() => !runs(left.pid))
    expect(fs.readdirSync(parent)).toEqual([])
  })
)

it.scopedLive("cleans up after an owner killed with -9, and leaves a living owner's server alone", () =>
  Effect.gen(function* () {
    const parent = yield* folder
    const dead = yield* program(parent, "stay")
    dead.kill()
    yield* dead.ended
    expect(runs(dead.pid)).toBe(true)
    const living = yield* EmbeddedPostgres.make({ directory: parent })
    expect(runs(dead.pid)).toBe(false)
    yield* Effect.scoped(EmbeddedPostgres.make({ directory: parent }))
    expect(runs(living.pid)).toBe(true)
    expect(fs.readdirSync(parent)).toEqual([path.basename(living.directory)])
  })
)

for (const how of ["fast", "crash"] as const) {
  it.scopedLive(
    `goes on with its data, on its port, after a restart (${how}), and leaves nothing behind then either`,
    () =>
      Effect.gen(function* () {
        const parent = yield* folder
        const scope = yield* Scope.make()
        const server = yield* Scope.extend(EmbeddedPostgres.make({ directory: parent }), scope)
        const before = server.pid
        yield* query(server.url, "CREATE TABLE kept AS SELECT 1 AS it")
        yield* server.restart(how)
        expect(runs(before)).toBe(false)
        expect(runs(server.pid)).toBe(true)
        expect(yield* query(server.url, "SELECT it FROM kept")).toEqual([{ it: 1 }])
        yield* Scope.close(scope, Exit.void)
        expect(runs(server.pid)).toBe(false)
        expect(fs.readdirSync(parent)).toEqual([])
      })
  )
}

it.scopedLive("does what is to be done while it is down, and serves again whatever comes of that", () =>
  Effect.gen(function* () {
    const server = yield* EmbeddedPostgres.make({ directory: yield* folder })
    const before = server.pid
    const down = Effect.suspend(() => Effect.fail(runs(before) || runs(server.pid) ? "it runs" : "it is down"))
    expect(yield* Effect.flip(server.restart("fast", down))).toBe("it is down")
    expect(yield* query(server.url, "SELECT 1 AS it")).toEqual([{ it: 1 }])
  })
)

it.live("makes databases apart from each other, and says which one it could not make", () =>
  Effect.gen(function* () {
    const admin = inject("postgresUrl")
    const one = yield* EmbeddedPostgres.createDatabase(admin)
    const two = yield* EmbeddedPostgres.createDatabase(admin)
    yield* query(one, "CREATE TABLE here ()")
    expect(yield* query(two, "SELECT to_regclass('here') AS here")).toEqual([{ here: null }])
    const error = yield* Effect.flip(EmbeddedPostgres.createDatabase(admin, "postgres"))
    expect(error.reason).toBe("DatabaseFailed")
    expect(error.message).toContain("postgres")
  })
)

const query = <A extends object>(url: Redacted.Redacted, text: string) =>
  PgClient.PgClient.pipe(
    Effect.flatMap((sql) => sql.unsafe<A>(text)),
    Effect.provide(PgClient.layer({ url, maxConnections: 1 }))
  )

/** Whether the server still runs; one that ended and was not reaped has no command line. */
const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return process.platform !== "linux" || fs.readFileSync(`/proc/${pid}/cmdline`, "utf8") !== ""
  } catch {
    return false
  }
}

const until = (condition: () => boolean) =>
  Effect.sync(condition).pipe(Effect.delay("20 millis"), Effect.repeat({ until: (holds) => holds }), Effect.asVoid)

/** A folder that a server's account may pass through. */
const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), "aecor-test-"))
    fs.chmodSync(made, 0o755)
    return made
  }),
  (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
)

/** Another process that starts a server in `parent`. */
const program = (parent: string, then: "exit" | "stay") =>
  Effect.gen(function* () {
    const file = path.join(import.meta.dirname, "programs", "postgres.process.ts")
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, ["--import", "tsx", "--conditions=@aecor/source", file, parent, then], {
          stdio: ["ignore", "pipe", "inherit"]
        })
      ),
      (spawned) => Effect.sync(() => spawned.kill("SIGKILL"))
    )
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    const said = yield* Effect.promise(
      () => new Promise<string>((resolve) => child.stdout.once("data", (data: Buffer) => resolve(data.toString())))
    )
    const { pid } = JSON.parse(said) as { readonly pid: number }
    yield* Effect.addFinalizer(() => Effect.sync(() => runs(pid) && process.kill(pid, "SIGQUIT")))
    return { pid, kill: () => child.kill("SIGKILL"), ended: Effect.promise(() => ended) }
  })
