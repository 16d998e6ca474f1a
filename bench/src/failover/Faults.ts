/** How long processes are without a write when a node dies, leaves, freezes or joins, and when Postgres is restarted. */
import { Faults, Plan, Trial } from "chaos/fleet"
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { text } from "../run/Figures.js"
import * as Competitor from "./Competitor.js"

/** The pause between two writes, in milliseconds. */
const every = 100
const frozenFor = 20_000

const twelve = [{ name: "twelve", processes: 12, every, stopping: 0 }]
const sixtyFive = [{ name: Faults.switched, processes: 65, every: 500, stopping: 0 }]

const titles: Partial<Readonly<Record<Plan.Kind, string>>> = {
  kill9: "kill -9 of a node",
  kill9Coordinator: "kill -9 of a coordinator",
  freeze: `a node frozen for ${frozenFor / 1000} s`,
  term: "SIGTERM to a node",
  join: "a node joins",
  restart: "Postgres restarted",
  down: "Postgres away for longer",
  killSwitch: "kill switch, 65 processes"
}

const measure = (competitor: Competitor.Competitor, sets: typeof twelve, kinds: ReadonlyArray<Plan.Kind>) =>
  Effect.gen(function* () {
    const server = yield* Database.own
    const fleet = yield* Competitor.startFleet(server, competitor, sets)
    const { nodes, observer, sql } = fleet
    const faults = Faults.make({ server, sql, nodes, observer, whilePoolerDown: (effect) => effect })
    const times: Trial.Times = new Map()
    const rests = Trial.noRests()
    yield* Trial.rest(fleet, rests)
    for (const kind of kinds) {
      const fault = { kind, dice: 0.5, millis: frozenFor, at: 0 }
      yield* Trial.run(fleet, fault, faults.perform(kind === "restart" ? { ...fault, millis: 0 } : fault), times, rests)
    }
    return { competitor, times: Trial.summary(times), verdict: yield* observer.judge, ...rests }
  }).pipe(Competitor.failed, Effect.scoped)

type Times = Readonly<Record<string, { readonly p50: number; readonly max: number }>>

export const run = (rounds: number): Part =>
  Effect.gen(function* () {
    const kinds = Array.from({ length: rounds }, () => Plan.quickAlone).flat()
    // in turn, not at once: the machine is one
    const mine = yield* measure(Competitor.ours, twelve, kinds)
    const stock = yield* measure(Competitor.singleton, twelve, kinds)
    const switches = yield* measure(
      Competitor.ours,
      sixtyFive,
      Array.from({ length: rounds }, () => "killSwitch" as const)
    )
    const all: Times = { ...mine.times, ...switches.times }
    const others: Times = stock.times
    const cell = (times: Times, kind: string) =>
      times[kind] === undefined ? "–" : `${text(times[kind].p50)} / ${text(times[kind].max)}`
    const figures = (times: Times, which: "p50" | "max") =>
      Object.fromEntries(Object.entries(times).map(([kind, one]) => [kind, one[which]]))
    const found = Object.keys(titles).filter((kind) => all[kind] !== undefined || others[kind] !== undefined)
    return {
      tables: [
        {
          title:
            "Milliseconds until the last process concerned writes again (median / longest); 12 processes on 3 nodes",
          head: ["", Competitor.ours.title, Competitor.singleton.title],
          rows: [
            ...found.map((kind) => [titles[kind as Plan.Kind] ?? kind, cell(all, kind), cell(others, kind)]),
            [
              "writes of an older run after a newer one's",
              text(mine.verdict.staleWrites),
              text(stock.verdict.staleWrites)
            ],
            ["processes that did not come back", text(mine.neverRevived), text(stock.neverRevived)],
            ["fullest node minus emptiest, at rest", text(mine.spread), text(stock.spread)]
          ]
        }
      ],
      summary: {
        oursP50Ms: figures(all, "p50"),
        oursMaxMs: figures(all, "max"),
        singletonP50Ms: figures(others, "p50"),
        singletonMaxMs: figures(others, "max"),
        staleWrites: { ours: mine.verdict.staleWrites, singleton: stock.verdict.staleWrites },
        neverRevived: { ours: mine.neverRevived, singleton: stock.neverRevived },
        spread: { ours: mine.spread, singleton: stock.spread }
      },
      raw: { ours: mine, singleton: stock, killSwitch: switches }
    }
  })
