/**
 * A view built anew from a long journal, while the memory of the process is watched: twenty processes on one node, all
 * from the first event on. Each building has a process of its own.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import { text } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Screen from "../run/Screen.js"
import * as Filled from "./Filled.js"
import type * as Fill from "./Fill.js"
import type { Plan } from "./Plan.js"

const mega = 2 ** 20

const measure = (filling: Fill.Filling) =>
  Effect.gen(function* () {
    const { begin, node } = yield* Filled.make(filling)
    yield* begin
    yield* Screen.say("rebuilding the view")
    const { events, idle, ms, peak } = yield* node.call("project", filling.events)
    return { ...filling, events, seconds: ms / 1000, idleMb: idle / mega, peakMb: peak / mega }
  }).pipe(Effect.scoped)

const report = (all: ReadonlyArray<Effect.Effect.Success<ReturnType<typeof measure>>>): Findings => {
  const rate = (one: (typeof all)[number]) => one.events / one.seconds
  const [first] = all
  return {
    tables: [
      {
        title: "A view of 10,000 entities rebuilt on one node, and the node's memory (RSS, MB)",
        head: ["events", "seconds", "a second", "idle", "above idle, at the most"],
        rows: all.map((one) => [
          text(one.events),
          text(one.seconds),
          text(rate(one)),
          text(one.idleMb),
          text(one.peakMb - one.idleMb)
        ])
      }
    ],
    summary: {
      rebuild: Object.fromEntries(
        all.flatMap((one, i) =>
          [
            ["events", one.events],
            ["seconds", one.seconds],
            ["perSecond", rate(one)],
            ["idleMb", one.idleMb],
            ["peakMb", one.peakMb]
          ].map(
            ([name, figure]) => [i === 0 ? name : `${name}1e${Math.round(Math.log10(one.events))}`, figure] as const
          )
        )
      ),
      rssMb: first === undefined ? Number.NaN : first.peakMb - first.idleMb
    },
    raw: all
  }
}

export const run = (plan: Plan): Part => Effect.map(Effect.forEach(plan.rebuilt, measure), report)
