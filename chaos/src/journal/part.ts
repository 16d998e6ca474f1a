/**
 * The journal's part: readers under sixteen writers miss nothing, see nothing twice and nothing out of order, whatever
 * happens to the processes and to Postgres; an append is stored once, whatever happens to its connection.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { EmbeddedPostgres } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, type Redacted } from "effect"
import type { Options } from "../options.js"
import { say } from "../run/screen.js"
import * as Checker from "./checker.js"
import * as Crew from "./crew.js"
import * as Diary from "./diary.js"
import * as Doubt from "./doubt.js"
import * as Faults from "./faults.js"
import * as Model from "./model.js"
import * as Naive from "./naive.js"
import * as Plan from "./plan.js"
import * as Settling from "./settling.js"
import * as Stored from "./stored.js"

/** The logs and diaries of the processes are kept with the server, and go with it, however this program ends. */
const makeFolder = (server: EmbeddedPostgres.Running) =>
  Effect.sync(() => {
    const folder = path.join(server.directory, "processes")
    fs.mkdirSync(folder)
    return folder
  })

const connect = (url: Redacted.Redacted, name: string, connections: number) =>
  Effect.map(Layer.build(Model.client(url, name, connections)), Context.get(PgClient.PgClient))

/** Shows that the checker can fail: what it says of readers that are known to miss events. */
const naiveReaders = (admin: Redacted.Redacted) =>
  Effect.gen(function* () {
    yield* say("the checker is tried on readers that miss events")
    const found = { counter: 0, watermark: 0 }
    for (const naive of ["counter", "watermark"] as const) {
      const { events, verdict } = yield* Naive.check(naive, admin)
      found[naive] = verdict.missed
      yield* say(`  ${naive}: missed ${verdict.missed} of ${events}`)
    }
    return found
  })

/** Writes until so many events are acknowledged, and does what is planned on the way. */
const storm = (
  crew: Crew.Crew,
  events: number,
  plan: ReadonlyArray<Plan.Fault>,
  faults: ReturnType<typeof Faults.make>
) =>
  Effect.gen(function* () {
    for (const fault of plan) {
      yield* Settling.written(crew.written, fault.at)
      yield* faults.perform(fault)
    }
    yield* Settling.written(crew.written, events)
  })

const lagOf = (lagsMs: ReadonlyArray<number>) => {
  const sorted = Float64Array.from(lagsMs).toSorted()
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}

export const run = ({ events, seed }: Pick<Options, "events" | "seed">) =>
  Effect.gen(function* () {
    const plan = Plan.make(seed, events)
    yield* say(`seed ${seed}: ${events.toLocaleString("en")} events, ${plan.length} faults`)
    const server = yield* EmbeddedPostgres.make()
    yield* say(`started Postgres (${server.pid}) with fsync and its other defaults, in ${server.directory}`)
    const naive = yield* naiveReaders(server.url)

    const url = yield* EmbeddedPostgres.createDatabase(server.url)
    yield* Effect.scoped(Layer.build(Model.migrations.pipe(Layer.provide(Model.client(url, "chaos migrations")))))
    const sql = yield* connect(url, "chaos", 4)
    const foreign = yield* Faults.makeForeign(yield* connect(url, "chaos foreign", 2))
    yield* foreign.open
    yield* say("a foreign transaction has written, and stays open")

    const ledger = Checker.makeLedger()
    const crew = yield* Crew.make({ url, seed, folder: yield* makeFolder(server) })
    yield* crew.startReaders
    yield* say(`${Crew.readerProcesses} processes read ${Model.ChaosJournal.tagging.tags.length} partitions live`)
    const cuts = Math.round(events / 500)
    yield* say(`cutting connections of writers, ${cuts} times`)
    const doubt = yield* Effect.raceFirst(Doubt.run({ url, watcher: sql, ledger, life: 0, seed, cuts }), crew.failure)
    yield* say(`  ${Doubt.places.map((place) => `${place} ${doubt.cuts[place]}`).join(", ")}`)

    yield* crew.startWriters
    yield* say(`16 writers in ${Crew.writerProcesses} processes write`)
    const faults = Faults.make({ server, sql, crew, reopenForeign: foreign.open })
    yield* Effect.raceFirst(storm(crew, events, plan, faults), crew.failure)
    yield* crew.finishWriters
    yield* Settling.writersGone(sql)
    yield* say(`${crew.written()} events are acknowledged; reading the table, and waiting for the readers`)
    const { heads, view } = yield* Effect.provideService(Stored.read, PgClient.PgClient, sql)
    yield* Effect.raceFirst(Settling.caughtUp(crew.views, heads), crew.failure)
    // readers that had waited for its end would have missed what was written since
    const foreignStayedOpen = yield* foreign.isOpen
    yield* foreign.end
    yield* say(
      foreignStayedOpen
        ? `a foreign transaction was open all along, one of them for ${foreign.longestSeconds()} seconds`
        : "the foreign transaction is no longer open: what it was there for is not shown"
    )

    yield* Effect.forEach(crew.diaries, (diary) => Diary.read(diary, ledger), { discard: true })
    const verdict = Checker.judge(view, crew.views, ledger)
    const figures = {
      events: view.counts.events,
      faults: faults.done,
      writers: 16,
      processes: crew.processes(),
      ...verdict,
      naiveMissed: naive.counter,
      xidCursorMissed: naive.watermark,
      cuts: doubt.cuts,
      wrongAnswers: doubt.wrongAnswers,
      conflicts: crew.conflicts(),
      readersResumed: crew.resumed(),
      foreignOpenSeconds: foreign.longestSeconds(),
      readerLagMs: lagOf(crew.lagsMs)
    }
    const ok =
      Checker.isClean(verdict) &&
      view.counts.events >= events &&
      foreignStayedOpen &&
      naive.counter > 0 &&
      naive.watermark > 0 &&
      doubt.wrongAnswers === 0
    return { ok, figures }
  }).pipe(Effect.scoped)
