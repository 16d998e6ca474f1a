/** The operator's command, as a process beside the nodes. */
import { spawn } from "node:child_process"
import * as path from "node:path"
import { DistributedProcessing, Journal, Tagging } from "@aecor/core"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgJournal } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { inject } from "vitest"
import { BookingJournal } from "../src/domain/Booking.js"
import { BookingPlaced, BookingSettled } from "../src/domain/BookingEvent.js"
import { Migrations, Stores } from "../src/postgres.js"
import { nextBookingView, NextBookingsView } from "../src/view/NextBookingsView.js"
import * as fixture from "./domain/fixtures.js"

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

it.live(
  "stops a version beside the nodes that host it, drops it, and lets it begin anew",
  () =>
    Effect.gen(function* () {
      const url = yield* EmbeddedPostgres.createDatabase(inject("postgresUrl"))
      yield* Effect.gen(function* () {
        const [journal, next] = [yield* BookingJournal, yield* NextBookingsView]
        const { name, processes } = nextBookingView
        yield* DistributedProcessing.start(name, processes)
        yield* journal.append("b-1", 0, [new BookingPlaced(fixture.order)])
        const shown = next.awaitReceipt({ key: "b-1", sequence: 1 }, "2 minutes")
        yield* shown
        const json = (...words: ReadonlyArray<string>) =>
          Effect.map(ops(url, ...words, name, "--yes", "--json"), ({ code, said }) => [code, JSON.parse(said)])
        expect(yield* json("drop")).toEqual([3, { refused: expect.any(String), reason: "Runs" }])
        expect(yield* json("stop")).toEqual([0, { deployment: name, index: null, running: false }])
        yield* Effect.repeat(Effect.delay(DistributedProcessing.status(name), "50 millis"), {
          until: (all) => all.every(({ actual }) => actual === "Stopped")
        })
        expect(yield* json("drop")).toEqual([0, { version: name, rows: 1 }])
        expect(Option.isNone(yield* next.get("b-1"))).toBe(true)
        expect(yield* json("resume")).toEqual([0, { deployment: name, index: null, running: true }])
        yield* shown
      }).pipe(
        Effect.scoped,
        Effect.provide(
          DistributedProcessing.layerLocal.pipe(
            Layer.provideMerge(Stores),
            Layer.provide(Migrations),
            Layer.provide(PgClient.layer({ url, maxConnections: 10 }))
          )
        )
      )
    }),
  300_000
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
