/** The load program as a person runs it: its last line, and how it ends. */
import { spawn } from "node:child_process"
import * as path from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { inject } from "vitest"
import { Server } from "../src/http/Server.js"
import { applications } from "./load/defects.js"

it.live(
  "a sale on a node of its own ends with its figures, and well where nothing is wrong",
  () =>
    Effect.gen(function* () {
      const { code, last } = yield* load("--nodes", "1", "--bookings", "20", "--seed", "1")
      expect(last).toEqual({
        load: {
          commandsPerSecond: expect.any(Number),
          p50Ms: expect.any(Number),
          p99Ms: expect.any(Number),
          viewP99Ms: expect.any(Number),
          seatsSoldTwice: 0,
          paymentsLost: 0,
          viewsWrong: 0
        }
      })
      expect(code).toBe(0)
    }),
  180_000
)

it.scopedLive("a sale by a service that runs already ends badly where something is wrong", () =>
  Effect.gen(function* () {
    const { url } = yield* Server
    const { code, last } = yield* load(
      "--url",
      url,
      "--bookings",
      "12",
      "--concerts",
      "1",
      "--seats",
      "10",
      "--seed",
      "89"
    )
    expect(last).toMatchObject({ load: { seatsSoldTwice: expect.any(Number), paymentsLost: 0, viewsWrong: 0 } })
    expect(last).not.toMatchObject({ load: { seatsSoldTwice: 0 } })
    expect(code).toBe(1)
  }).pipe(Effect.provide(applications.seats))
)

/** Runs it to its end. */
function load(...args: ReadonlyArray<string>) {
  const entry = path.join(import.meta.dirname, "..", "src", "load.ts")
  const command = ["--import", "tsx", "--conditions=@aecor/source", entry, ...args]
  const env = { ...process.env, DATABASE_URL: inject("postgresUrl") }
  return Effect.async<{ readonly code: number | null; readonly last: unknown }>((resume) => {
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"], env })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.once("close", (code) => resume(Effect.succeed({ code, last: jsonOf(output.trimEnd().split("\n").at(-1)) })))
    return Effect.sync(() => child.kill("SIGINT"))
  })
}

const jsonOf = (line = ""): unknown => (line.startsWith("{") ? JSON.parse(line) : line)
