/** A thousand processes on three nodes: how long until all of them run, and until they do again when a node dies. */
import { Faults, Trial } from "chaos/fleet"
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { text } from "../run/Figures.js"
import * as Competitor from "./Competitor.js"

const processes = 1000
/** Each writes when it starts, and seldom after that: what is measured is the host. */
const many = [{ name: "many", processes, every: 10_000, stopping: 0 }]

export const run: Part = Effect.gen(function* () {
  const server = yield* Database.own
  const fleet = yield* Competitor.startFleet(server, Competitor.ours, many)
  const { nodes, observer, sql } = fleet
  const rests = Trial.noRests()
  const startedAt = Date.now()
  yield* Trial.rest(fleet, rests)
  const writes = yield* observer.writesSince(startedAt - 60_000)
  const firstAt = new Map<string, number>()
  for (const { at, process } of writes) if (!firstAt.has(process)) firstAt.set(process, at)
  const startMs = Math.max(0, ...firstAt.values()) - startedAt

  const faults = Faults.make({ server, sql, nodes, observer, whilePoolerDown: (effect) => effect })
  const times: Trial.Times = new Map()
  const fault = { kind: "kill9", dice: 0.5, millis: 0, at: 0 } as const
  yield* Trial.run(fleet, fault, faults.perform(fault), times, rests)
  const { kill9 } = Trial.summary(times)
  return {
    tables: [
      {
        title: `${processes} processes on three nodes, in milliseconds`,
        head: ["", "ms"],
        rows: [
          ["from the last node's start until the last process writes", text(startMs)],
          ["from kill -9 of a node until the last of its processes writes again", text(kill9?.max ?? Number.NaN)],
          ["processes that did not come", text(rests.neverRevived)]
        ]
      }
    ],
    summary: {
      manyMs: { start: startMs, kill9: kill9?.max ?? Number.NaN },
      manyProcesses: { started: firstAt.size, neverRevived: rests.neverRevived, spread: rests.spread }
    },
    raw: { startMs, times: [...times], rests }
  }
}).pipe(Competitor.failed, Effect.scoped)
