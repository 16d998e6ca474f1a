/** A node as an operating system starts and ends it: its process, its signals, its last words. */
import { type ChildProcess, spawn } from "node:child_process"
import * as http from "node:http"
import * as path from "node:path"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Reactivity } from "@effect/experimental"
import { Array as Arr, Effect, Fiber, Redacted, Schedule } from "effect"
import { inject } from "vitest"
import { connect } from "./http/wire.js"
import { listen } from "./page/listener.js"

it.scopedLive(
  "a node that finds no database says so in one line: which variable, what happened, and no password",
  () =>
    Effect.gen(function* () {
      const node = yield* startNode({ DATABASE_URL: "postgres://ann:s3cret@127.0.0.1:1/none" })
      expect(yield* node.ended).toBe(1)
      expect(node.said().trimEnd().split("\n")).toEqual([
        "no connection to the Postgres of DATABASE_URL: PgClient: Failed to connect: connect ECONNREFUSED 127.0.0.1:1"
      ])
    }),
  180_000
)

it.scopedLive("a node that is set wrong says so in one line that names the setting", () =>
  Effect.gen(function* () {
    const url = "postgres://ann:s3cret@127.0.0.1:1/none"
    const node = yield* startNode({ DATABASE_URL: url, BOOKING_EXPIRY: "soon" })
    expect(yield* node.ended).toBe(1)
    expect(node.said().trimEnd().split("\n")).toEqual([expect.stringContaining("BOOKING_EXPIRY")])
    expect(node.said()).not.toContain("s3cret")
  })
)

it.scopedLive(
  "a node that is asked to leave answers every request that its clients have sent, ends its pages, and loses nothing",
  () =>
    Effect.gen(function* () {
      const databaseUrl = yield* EmbeddedPostgres.createDatabase(inject("postgresUrl"))
      const port = yield* EmbeddedPostgres.freePort
      const url = `http://127.0.0.1:${port}`
      const clusterPort = yield* EmbeddedPostgres.freePort
      const node = yield* startNode({
        DATABASE_URL: Redacted.value(databaseUrl),
        // it has one name, and listens on all of the machine's
        HOST: "127.0.0.2",
        LISTEN_HOST: "0.0.0.0",
        HTTP_PORT: String(port),
        CLUSTER_PORT: String(clusterPort)
      })
      const ready = Effect.tryPromise(() => fetch(`${url}/ready`))
      yield* Effect.repeat(Effect.option(ready), {
        until: (answer) => answer._tag === "Some" && answer.value.ok,
        schedule: Schedule.spaced("50 millis")
      })

      const silent = yield* connect(url)
      const page = yield* listen(`${url}/live/concerts/concertA?client=c-1`)
      yield* page.until("hello", { node: `127.0.0.2:${clusterPort}` })
      const answered: Array<Answered> = []
      const clients = yield* Effect.forEach(Arr.range(1, 8), (client) => Effect.fork(book(url, client, answered)))
      const accepted = () => answered.filter(({ status }) => status === 201)
      yield* Effect.repeat(Effect.void, { until: () => accepted().length > 50, schedule: Schedule.spaced("10 millis") })
      node.signal("SIGTERM")
      const failures = yield* Fiber.join(Fiber.all(clients))
      expect(new Set(failures)).toEqual(new Set(["ECONNREFUSED"]))
      // a machine with much else to do may be too slow for a booking, and then says so
      expect(answered.filter(({ status }) => status !== 201 && status !== 503)).toEqual([])
      yield* silent.closed
      yield* page.ended
      expect(page.names().at(-1)).toBe("leaving")
      expect(yield* node.ended).toBe(0)

      const sql = yield* Effect.provide(PgClient.make({ url: databaseUrl }), Reactivity.layer)
      const stored = yield* sql<{ readonly key: string }>`SELECT DISTINCT key FROM booking_event`
      const keys = new Set(stored.map(({ key }) => key))
      expect(accepted().filter(({ id }) => !keys.has(id))).toEqual([])
    }),
  180_000
)

interface Answered {
  readonly id: string
  readonly status: number | undefined
}

/** Places one booking after the other on a connection that is kept, until that is not possible any more: says why. */
const book = (url: string, client: number, answered: Array<Answered>) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const place = (id: string) =>
    Effect.async<number | undefined, string | undefined>((resume) => {
      const headers = { "content-type": "application/json" }
      const request = http.request(`${url}/clients/c-${client}/bookings`, { method: "POST", agent, headers })
      request.on("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code)))
      request.on("response", (response) => {
        response.resume().on("end", () => resume(Effect.succeed(response.statusCode)))
      })
      request.end(JSON.stringify({ bookingId: id, concertId: "concertA", seats: [{ row: client, number: 1 }] }))
    })
  const next = Effect.gen(function* () {
    const id = globalThis.crypto.randomUUID()
    const status = yield* place(id)
    answered.push({ id, status })
  })
  return Effect.flip(Effect.forever(next)).pipe(Effect.ensuring(Effect.sync(() => agent.destroy())))
}

const startNode = (settings: Readonly<Record<string, string>>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const entry = path.join(import.meta.dirname, "..", "src", "main.ts")
        const env = { ...process.env, ...settings, NO_COLOR: "1" }
        const command = ["--import", "tsx", "--conditions=@aecor/source", entry]
        return spawn(process.execPath, command, { stdio: ["ignore", "inherit", "pipe"], env })
      }),
      (node) => Effect.sync(() => node.kill("SIGKILL"))
    ),
    (node) => {
      let said = ""
      node.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()))
      return { said: () => said, signal: (name: NodeJS.Signals) => node.kill(name), ended: endOf(node) }
    }
  )

/** Its exit code. */
const endOf = (node: ChildProcess) =>
  Effect.async<number | null>((resume) => {
    if (node.exitCode !== null || node.signalCode !== null) resume(Effect.succeed(node.exitCode))
    else node.once("close", (code) => resume(Effect.succeed(code)))
  })
