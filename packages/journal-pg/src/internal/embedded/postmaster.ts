/**
 * The two programs: `initdb`, which makes the data folder, and `postgres`, started in a session of its own (a Ctrl-C
 * in the terminal reaches the owner, which then stops the server after its clients), logging to a file.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { type Duration, Effect, Schedule, type Scope } from "effect"
import type { Account } from "./account.js"
import type { Binaries } from "./binaries.js"
import * as RunFolder from "./runFolder.js"
import { type Reason, ServerError } from "./ServerError.js"

export interface Run {
  readonly folder: string
  readonly binaries: Binaries
  readonly account: Account
}

const failed = (run: Run, reason: Reason, what: string, cause?: unknown): ServerError => {
  const log = fs.existsSync(RunFolder.logOf(run.folder)) ? fs.readFileSync(RunFolder.logOf(run.folder), "utf8") : ""
  return new ServerError({ reason, message: `${what}\n${log.trimEnd().split("\n").slice(-15).join("\n")}`, cause })
}

const launch = (run: Run, program: string, args: ReadonlyArray<string>): ChildProcess => {
  const log = fs.openSync(RunFolder.logOf(run.folder), "a")
  try {
    return spawn(program, args, {
      cwd: run.folder,
      detached: true,
      env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", log, log],
      ...(run.account === undefined ? {} : run.account)
    })
  } finally {
    fs.closeSync(log)
  }
}

/** Ends with the program: its exit code, or null for a signal. */
const exitOf = (run: Run, reason: Reason, child: ChildProcess): Effect.Effect<number | null, ServerError> =>
  Effect.async((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.succeed(child.exitCode))
    child.once("error", (cause) => resume(Effect.fail(failed(run, reason, `${child.spawnfile} did not start`, cause))))
    child.once("exit", (code) => resume(Effect.succeed(code)))
  })

/** One signal after the other until the program has ended, each with its time. */
const end = (
  run: Run,
  child: ChildProcess,
  signals: ReadonlyArray<NodeJS.Signals>,
  patience: Duration.DurationInput = "7 seconds"
): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const signal of signals) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      yield* Effect.ignore(Effect.timeout(exitOf(run, "StartFailed", child), patience))
    }
  })

export const initialise = (run: Run, password: string): Effect.Effect<void, ServerError> =>
  Effect.gen(function* () {
    const passwordFile = path.join(run.folder, "password")
    yield* Effect.try({
      try: () => {
        fs.mkdirSync(RunFolder.dataOf(run.folder), { mode: 0o700 })
        fs.writeFileSync(passwordFile, password, { mode: 0o600 })
        if (run.account !== undefined) {
          const { gid, uid } = run.account
          for (const file of [RunFolder.dataOf(run.folder), passwordFile]) fs.chownSync(file, uid, gid)
        }
      },
      catch: (cause) => failed(run, "NoFolder", `the folder ${run.folder} cannot be prepared`, cause)
    })
    const code = yield* Effect.acquireUseRelease(
      Effect.sync(() =>
        launch(run, run.binaries.initdb, [
          "-D",
          RunFolder.dataOf(run.folder),
          "--username=postgres",
          `--pwfile=${passwordFile}`,
          "--auth=scram-sha-256",
          "--encoding=UTF8",
          "--locale=C",
          "--locale-provider=builtin",
          "--builtin-locale=C.UTF-8",
          "--no-sync",
          "--no-instructions"
        ])
      ),
      (child) => exitOf(run, "InitFailed", child),
      // Interrupted: it tidies up behind itself, and the folder must not go meanwhile.
      (child) => end(run, child, ["SIGTERM", "SIGKILL"])
    )
    if (code !== 0) return yield* failed(run, "InitFailed", `initdb ended with ${code}`)
    yield* Effect.sync(() => {
      for (const file of [passwordFile, RunFolder.logOf(run.folder)]) fs.rmSync(file, { force: true })
    })
  })

const ready = (run: Run, child: ChildProcess, port: number): Effect.Effect<void, ServerError> =>
  Effect.gen(function* () {
    // a server that was killed leaves its own lines behind
    const isReady = (lines: ReadonlyArray<string>) => lines[0] === String(child.pid) && lines[7] === "ready"
    while (!isReady(RunFolder.lockLines(run.folder))) {
      if (child.exitCode !== null || child.signalCode !== null) {
        return yield* failed(run, "StartFailed", `Postgres ended while starting on port ${port}`)
      }
      yield* Effect.sleep(20)
    }
  }).pipe(
    Effect.timeoutFail({
      duration: "60 seconds",
      onTimeout: () => failed(run, "StartFailed", "Postgres was not ready within 60 seconds")
    })
  )

/** A server that is running, or is being started again. */
export interface Serving {
  readonly pid: () => number
  /**
   * Stops it by this signal, does what is to be done meanwhile, and starts it on the same port and data, whatever came of
   * that; ends when it is ready, recovery included.
   */
  readonly restart: <E, R>(
    signal: NodeJS.Signals,
    meanwhile: Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, ServerError | E, R>
}

/** While backends of a killed server are still ending, or its port is not free again, a start is refused. */
const again = Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(200))
const notYet = ({ message }: ServerError) => /shared memory block|Address already in use/.test(message)

/**
 * Starts the server; it is stopped when the scope closes. `gently` writes everything to disk first; otherwise it is
 * an immediate stop, for data that nobody will read again.
 */
export const serve = (
  run: Run,
  port: number,
  settings: Readonly<Record<string, string>>,
  gently: boolean
): Effect.Effect<Serving, ServerError, Scope.Scope> =>
  Effect.gen(function* () {
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    const spawnServer = () => {
      const server = launch(run, run.binaries.postgres, [
        "-D",
        RunFolder.dataOf(run.folder),
        "-p",
        String(port),
        ...flags
      ])
      // A server that cannot be spawned is seen by `pid`; without a listener the event would end the process.
      server.on("error", () => undefined)
      server.unref()
      return server
    }
    const started = Effect.suspend(() =>
      child.pid === undefined
        ? Effect.fail(failed(run, "StartFailed", `${run.binaries.postgres} cannot be started`))
        : Effect.as(ready(run, child, port), child.pid)
    )
    let child: ChildProcess = yield* Effect.acquireRelease(Effect.sync(spawnServer), () =>
      end(run, child, gently ? ["SIGINT", "SIGQUIT", "SIGKILL"] : ["SIGQUIT", "SIGKILL"])
    )
    let pid = yield* started
    const start = Effect.suspend(() => {
      child = spawnServer()
      return started
    })
    return {
      pid: () => pid,
      restart: (signal, meanwhile) =>
        Effect.gen(function* () {
          yield* end(run, child, [signal, "SIGKILL"], "60 seconds")
          const exit = yield* Effect.exit(meanwhile)
          pid = yield* Effect.retry(start, { schedule: again, while: notYet })
          yield* exit
        })
    }
  })
