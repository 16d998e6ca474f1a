/** The operator's command, as a process beside the nodes. */
import { spawn } from "node:child_process"
import * as path from "node:path"
import { Journal, Tagging } from "@aecor/core"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgJournal } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { inject } from "vitest"
import { BookingJournal } from "../src/domain/Booking.js"
import { BookingSettled } from "../src/domain/BookingEvent.js"
import { Migrations } from "../src/postgres.js"

it.live(
  "gives the journal the partitions of the code and says what came of it; its exit codes tell what was wrong",
  () =>
    Effect.gen(function* () {
      const url = yield* EmbeddedPostgres.createDatabase(inject("postgresUrl"))
      const client = PgClient.layer({ url, maxConnections: 3 })
      yield* Effect.gen(function* () {
        const journal = yield* EarlierJournal
        for (const key of ["a", "b", "c"]) yield* journal.append(key, 0, [new BookingSettled()])
      }).pipe(
        Effect.provide(
          PgJournal.layer(EarlierJournal, { table: "booking_event" }).pipe(
            Layer.provide(Layer.provideMerge(Migrations, client))
          )
        )
      )
      const report = {
        partitions: 20,
        since: 3,
        projections: ["BookingView", "BookingConfirmation", "BookingRelease"].map((name) => ({
          name: expect.stringContaining(name),
          outcome: "NotDeployed",
          running: false
        }))
      }
      const { code, said } = yield* ops(url, "repartition", "--json")
      expect([code, JSON.parse(said)]).toEqual([0, report])
      expect(yield* ops(url, "reshape", "Nothing", "3")).toMatchObject({
        code: 1,
        said: expect.stringContaining("deployment Nothing is not known")
      })
      // nobody can be asked
      expect((yield* ops(url, "stop", "BookingViewProjection")).code).toBe(2)
      const drop = yield* ops(url, "drop", "BookingViewProjection", "--yes", "--json")
      expect([drop.code, JSON.parse(drop.said)]).toEqual([3, { refused: expect.any(String), reason: "Serves" }])
      expect(yield* ops(url, "verify", "--patience", "0")).toMatchObject({ code: 0 })
      const status = yield* ops(url, "status", "--json")
      expect([status.code, JSON.parse(status.said)]).toEqual([0, []])
    }),
  180_000
)

/** As the journal was declared when it had four partitions. */
class EarlierJournal extends Journal.Tag<EarlierJournal>()("BookingJournal", {
  event: BookingJournal.event,
  tagging: Tagging.partitioned("Booking", 4)
}) {}

const ops = (url: Redacted.Redacted, ...args: ReadonlyArray<string>) =>
  Effect.async<{ readonly code: number | null; readonly said: string }>((resume) => {
    const program = path.join(import.meta.dirname, "../src/ops.ts")
    const child = spawn(process.execPath, ["--import", "tsx", "--conditions=@aecor/source", program, ...args], {
      env: { ...process.env, DATABASE_URL: Redacted.value(url) }
    })
    let said = ""
    child.stdout.on("data", (data) => void (said += String(data)))
    child.stderr.on("data", (data) => void (said += String(data)))
    child.on("close", (code) => resume(Effect.succeed({ code, said })))
    return Effect.sync(() => child.kill())
  })
