/**
 * The part of distributed processing: processes on several nodes, of which at most one copy's writes take effect and
 * which all come back, whatever happens to nodes, network and Postgres.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { EmbeddedPostgres, PgBouncer } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, Function, Layer, Option, Schedule } from "effect"
import type { Options } from "../options.js"
import { say } from "../run/screen.js"
import * as Careless from "./careless.js"
import * as Faults from "./faults.js"
import * as Feeder from "./feeder.js"
import * as Fleet from "./fleet.js"
import type { WriterSet } from "./model.js"
import * as Nodes from "./nodes.js"
import * as Numbers from "./numbers.js"
import * as Plan from "./plan.js"
import * as Replays from "./replays.js"
import * as Trial from "./trial.js"

/** The logs of the nodes are kept with the server, and go with it. */
const folderOf = (server: EmbeddedPostgres.Running, name: string) =>
  Effect.sync(() => {
    const folder = path.join(server.directory, name)
    fs.mkdirSync(folder)
    return folder
  })

const sets: ReadonlyArray<WriterSet> = [
  { name: "twelve", processes: 12, every: 150, stopping: 0 },
  { name: "twenty", processes: 20, every: 150, stopping: 0 },
  { name: "slow", processes: 6, every: 300, stopping: 1500 },
  { name: Faults.switched, processes: 65, every: 1000, stopping: 0 }
]

/** The view has seen whatever is stored, or comes no further. */
const caughtUp = (verdict: typeof Numbers.verdict) =>
  verdict.pipe(
    Effect.repeat({ until: ({ lost }) => lost === 0, schedule: Schedule.spaced("200 millis") }),
    Effect.timeoutOption("2 minutes"),
    Effect.zipRight(verdict)
  )

export const run = ({ faults: count, seed }: Pick<Options, "faults" | "seed">) =>
  Effect.gen(function* () {
    const server = yield* EmbeddedPostgres.make()
    yield* say(`seed ${seed}: ${count} faults; started Postgres (${server.pid}), in ${server.directory}`)
    const pooler = yield* Effect.transposeOption(
      Option.map(PgBouncer.executable, (program) => PgBouncer.make(program, server.url))
    )
    yield* say(
      Option.isSome(pooler)
        ? "the nodes reach it through PgBouncer, but for the cluster's own connections"
        : "not tried: PgBouncer in between; it is not installed"
    )
    const notTried: ReadonlyArray<Plan.Kind> = [
      ...(Option.isSome(pooler) ? [] : (["pooler"] as const)),
      ...(Nodes.canCutPairs ? [] : (["cutPair"] as const))
    ]
    const plan = Plan.make(seed, count, (kind) => !notTried.includes(kind))
    const naive = yield* Careless.run(server, yield* folderOf(server, "careless"), sets.slice(0, 1))

    const folder = yield* folderOf(server, "nodes")
    const fleet = yield* Fleet.make({
      server,
      sets,
      view: true,
      fenced: true,
      entry: Fleet.entry,
      folder,
      nodes: Plan.firstNodes,
      ...(Option.isSome(pooler) ? { through: pooler.value.through } : {})
    })
    const { nodes, observer, sql } = fleet
    const inDatabase = Effect.provideService(PgClient.PgClient, sql)
    const feeding = yield* Feeder.start(sql)
    const operator = yield* Layer.build(Replays.layer(sql))
    const replays = Replays.make(sql)
    const times: Trial.Times = new Map()
    const rests = Trial.noRests()
    yield* Trial.rest(fleet, rests)
    const replaying = yield* Effect.fork(Effect.provide(replays.forever, operator))
    yield* say(`${observer.processes.length} processes write on ${nodes.alive().length} nodes`)

    const faults = Faults.make({
      server,
      sql,
      nodes,
      observer,
      whilePoolerDown: Option.match(pooler, { onNone: () => Function.identity, onSome: ({ whileDown }) => whileDown })
    })
    for (const fault of plan.alone) yield* Trial.run(fleet, fault, faults.perform(fault), times, rests)
    for (const burst of plan.bursts) {
      yield* say(`${burst.length} faults, one over the other`)
      const storm = Effect.forEach(burst, (fault) => Effect.delay(faults.perform(fault), fault.at), {
        concurrency: "unbounded",
        discard: true
      })
      yield* Effect.raceFirst(storm, fleet.failed)
      while (nodes.alive().length < Plan.firstNodes) yield* Effect.raceFirst(faults.join, fleet.failed)
      yield* Trial.rest(fleet, rests)
    }

    yield* Fiber.interruptAll([feeding, replaying])
    const replayed = yield* Effect.provide(replays.last, operator)
    const view = yield* inDatabase(caughtUp(Numbers.verdict))
    const replayedView = yield* inDatabase(caughtUp(Numbers.replayedVerdict))
    const verdict = yield* observer.judge
    const wrong = {
      staleWrites: verdict.staleWrites,
      lost: verdict.lost + view.lost + replayedView.lost,
      twice: verdict.twice + view.twice + replayedView.twice,
      outOfOrder: verdict.outOfOrder + view.outOfOrder + replayedView.outOfOrder,
      wrongRows: view.wrongRows + replayedView.wrongRows,
      neverRevived: rests.neverRevived
    }
    const figures = {
      seed,
      faults: count,
      writes: verdict.writes,
      events: view.events,
      replays: replays.counts,
      ...wrong,
      failoverMs: Trial.summary(times),
      spread: rests.spread,
      restMs: rests.longest,
      notTried,
      nodes: nodes.started(),
      killedAfterGrace: faults.killedAfterGrace(),
      careless: naive
    }
    const ok = Object.values(wrong).every((n) => n === 0) && rests.spread <= 1 && replayed && Careless.isFoundOut(naive)
    return { ok, figures }
  }).pipe(Effect.scoped)
