/**
 * Events projected a second by processes that begin with a long journal before them, as the host runs them: read,
 * folded, and committed with their offset under a fence. Beside it Emmett's projector over the same events, and the rows
 * read by hand, which project nothing.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { median, ratio, text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Rounds from "../run/Rounds.js"
import * as Screen from "../run/Screen.js"
import type * as Worker from "../run/Worker.js"
import type { Timed } from "../journal/Timed.js"
import * as Filled from "./Filled.js"
import * as Fill from "./Fill.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"

const rate = ({ events, ms }: Timed): number => (events * 1000) / ms

/** Whoever has not seen every event compares nothing. */
const cell = <A extends Timed, E, R>(name: string, events: number, run: Effect.Effect<A, E, R>) =>
  [
    name,
    () =>
      Effect.tap(run, (done) =>
        done.events === events ? Effect.void : Effect.dieMessage(`${name}: ${done.events} of ${events} events`)
      )
  ] as const

const measure = Effect.fnUntraced(function* (plan: Plan) {
  const many = yield* Filled.make(plan.many)
  const few = yield* Filled.make(plan.few)
  const emmett = yield* Programs.emmett
  const url = yield* Database.make
  yield* emmett.call("migrate", url)
  yield* many.bare.call("execute", { url, statements: Fill.emmett(plan.emmett) })
  yield* Database.settle(url)

  const ours = (name: string, { begin, node }: Filled.Filled, { events }: Fill.Filling) =>
    cell(name, events, Effect.zipRight(begin, node.call("project", events)))
  const raw = (name: string, { bare, url: own }: Filled.Filled, { events }: Fill.Filling) =>
    cell(name, events, bare.call("readTags", own))
  const cells = [
    [
      ours("manyOurs", many, plan.many),
      raw("manyRaw", many, plan.many),
      cell("manyEmmett", plan.emmett.events, emmett.call("project", { url, events: plan.emmett.events }))
    ],
    [ours("fewOurs", few, plan.few), raw("fewRaw", few, plan.few)]
  ]
  yield* Screen.say("catchUp: warming up")
  yield* Rounds.run(1, [cells[0]?.slice(0, 2) ?? [], cells[1] ?? []])
  yield* Screen.say(`catchUp: ${plan.rounds} rounds`)
  return yield* Rounds.run<Timed, Worker.WorkerFailed, never>(plan.rounds, cells)
})

const report = (series: Rounds.Series<Timed>, plan: Plan): Findings => {
  const rates = (name: string) => (series.get(name) ?? []).map(rate)
  const times = (of: string, to: string) => ratio(rates(of), rates(to))
  const row = (title: string, name: string) => {
    const other = (one: string) => {
      const own = rates(name + one)
      return own.length === 0 ? "" : `${text(median(own))} (${times(`${name}Ours`, name + one).toFixed(2)}x)`
    }
    return [title, text(median(rates(`${name}Ours`))), other("Raw"), other("Emmett")]
  }
  return {
    tables: [
      {
        title: "Events projected a second (and how many times as many we project)",
        head: ["", "aecor", "pg: pages read by hand", "Emmett 0.42"],
        rows: [
          row(`${plan.many.entities.toLocaleString("en-US")} entities`, "many"),
          row(`${plan.few.entities} entities`, "few")
        ]
      }
    ],
    summary: {
      ratios: {
        projection10kVsEmmett: times("manyOurs", "manyEmmett"),
        projection10kVsRawRead: times("manyOurs", "manyRaw"),
        projection100VsRawRead: times("fewOurs", "fewRaw")
      },
      perSecond: Object.fromEntries([...series.keys()].map((name) => [name, median(rates(name))])),
      cpuMicros: Object.fromEntries(
        [...series].map(([name, all]) => [name, median(all.map(({ cpuMicros }) => cpuMicros))])
      )
    },
    raw: Object.fromEntries(series)
  }
}

export const run = (plan: Plan): Part => Effect.scoped(Effect.map(measure(plan), (series) => report(series, plan)))
