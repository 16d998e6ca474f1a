/**
 * The parts of distributed processing and of swaps, on the same nodes and under the same faults: processes of which at most
 * one copy's writes take effect and which all come back, and a view with two versions from which no swap takes anything,
 * whatever happens to nodes, network and Postgres.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { EmbeddedPostgres, PgBouncer } from "@aecor/journal-pg/testing"
import { PgClient } from "@effect/sql-pg"
import { Effect, Fiber, Function, Layer, Option } from "effect"
import type { Options } from "../options.js"
import { say } from "../run/screen.js"
import * as CarelessSwaps from "../swap/careless.js"
import * as Swaps from "../swap/swaps.js"
import * as Tally from "../swap/tally.js"
import * as Careless from "./careless.js"
import * as Faults from "./faults.js"
import * as Feeder from "./feeder.js"
import * as Fleet from "./fleet.js"
import type { WriterSet } from "./model.js"
import * as Nodes from "./nodes.js"
import * as Numbers from "./numbers.js"
import * as Plan from "./plan.js"
import * as Replays from "./replays.js"
import * as Storm from "./storm.js"
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

/** What is tried; and how often a node asks the view with two versions, in milliseconds: less often where much is tried. */
const asked = (only: Options["only"]) => {
  const [writers, swaps] = [only.includes("processing"), only.includes("swap")]
  return { writers, swaps, sets: writers ? sets : sets.slice(0, 1), reads: !swaps ? 0 : writers ? 50 : 10 }
}

/** The careless forms, on nodes of their own: what is found of them. */
const carelessly = (server: EmbeddedPostgres.Running, { reads, swaps, writers }: ReturnType<typeof asked>) =>
  Effect.gen(function* () {
    yield* say("the checkers are tried on processes without fences, and on swaps without conditions")
    const folder = yield* folderOf(server, "careless")
    const tally = Tally.make()
    const fleet = yield* Fleet.make({
      server,
      sets: sets.slice(0, 1),
      view: true,
      reads,
      onReport: tally.onReport,
      fenced: false,
      entry: Fleet.entry,
      folder,
      nodes: 2
    })
    yield* Feeder.start(fleet.sql)
    yield* fleet.atRest(fleet.startedAt)
    const found = Effect.all(
      [
        Effect.when(Careless.run(fleet), () => writers),
        Effect.when(CarelessSwaps.run(fleet, folder, tally), () => swaps)
      ],
      { concurrency: "unbounded" }
    )
    const [ofWriters, ofSwaps] = yield* Effect.raceFirst(found, fleet.failed)
    return {
      figures: { ...Option.getOrUndefined(ofWriters), swap: Option.getOrUndefined(ofSwaps) },
      isFoundOut: Option.match(ofWriters, { onNone: () => true, onSome: Careless.isFoundOut }),
      areSwapsFoundOut: Option.match(ofSwaps, { onNone: () => true, onSome: CarelessSwaps.isFoundOut })
    }
  }).pipe(Effect.scoped)

export const run = ({ faults: count, only, seed }: Pick<Options, "faults" | "seed" | "only">) =>
  Effect.gen(function* () {
    const { reads, sets: writing, swaps, writers } = asked(only)
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
      ...(Nodes.canCutPairs ? [] : (["cutPair"] as const)),
      // of a set that is not there
      ...(writers ? [] : (["killSwitch"] as const))
    ]
    const plan = Plan.make(seed, count, (kind) => !notTried.includes(kind))
    const careless = yield* carelessly(server, asked(only))

    const folder = yield* folderOf(server, "nodes")
    const tally = Tally.make()
    const fleet = yield* Fleet.make({
      server,
      sets: writing,
      view: true,
      reads,
      onReport: tally.onReport,
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
    const swapping = yield* Effect.transposeOption(
      swaps ? Option.some(Swaps.keepSwapping(fleet, folder, tally, seed)) : Option.none()
    )
    yield* say(`${observer.processes.length} processes write on ${nodes.alive().length} nodes`)

    const faults = Faults.make({
      server,
      sql,
      nodes,
      observer,
      whilePoolerDown: Option.match(pooler, { onNone: () => Function.identity, onSome: ({ whileDown }) => whileDown })
    })
    yield* Storm.run(fleet, faults, plan, times, rests)

    const swapped = yield* Effect.transposeOption(
      Option.map(swapping, (running) => Swaps.end(running, fleet, tally, Fiber.interrupt(feeding)))
    )
    yield* Fiber.interruptAll([feeding, replaying])
    const replayed = yield* Effect.provide(replays.last, operator)
    const view = yield* inDatabase(Numbers.caughtUp(Numbers.verdict))
    const replayedView = yield* inDatabase(Numbers.caughtUp(Numbers.replayedVerdict))
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
      ...Option.match(swapped, { onNone: () => ({}), onSome: (swap) => ({ swap: swap.figures }) }),
      failoverMs: Trial.summary(times),
      spread: rests.spread,
      restMs: rests.longest,
      notTried,
      nodes: nodes.started(),
      killedAfterGrace: faults.killedAfterGrace(),
      careless: careless.figures
    }
    const ok =
      Object.values(wrong).every((n) => n === 0) &&
      rests.spread <= 1 &&
      replayed &&
      Option.getOrElse(
        Option.map(swapped, (swap) => swap.ok),
        () => true
      ) &&
      careless.isFoundOut &&
      careless.areSwapsFoundOut
    return { ok, figures }
  }).pipe(Effect.scoped)
