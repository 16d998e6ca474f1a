/**
 * How long after an append its event arrives in a live reader by tag: in the node that appended, and in another process.
 * At light load, so that it is the way of one event that is measured and no queue.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { quantile } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Worker from "../run/Worker.js"
import type { Seen } from "./Follower.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"
import type { Live, Sent } from "./programs/live.js"

const perSecond = 50
/** The first second is not counted: readers begin, code is compiled. */
const warmUp = 1

/** Milliseconds from each append to each reader, an event that arrived before the append was answered being 0 from then. */
const delays = (sent: ReadonlyArray<Sent>, seen: ReadonlyArray<Seen>) => {
  const arrivals = new Map(seen)
  const at = ({ position }: Sent) => arrivals.get(position) ?? Number.NaN
  return {
    fromCall: sent.map((one) => at(one) - one.called),
    fromAnswer: sent.map((one) => Math.max(0, at(one) - one.answered))
  }
}

const measure = Effect.fnUntraced(function* (plan: Plan) {
  const url = yield* Database.make
  const node = yield* Worker.start<Live>(Programs.file("live"))
  const other = yield* Worker.start<Live>(Programs.file("live"))
  yield* node.call("open", url)
  yield* other.call("open", url)
  const events = perSecond * (warmUp + plan.light)
  const sent = (yield* node.call("append", { events, perSecond })).slice(warmUp * perSecond)
  return {
    append: sent.map(({ answered, called }) => answered - called),
    sameNode: delays(sent, yield* node.call("seen", events)),
    otherProcess: delays(sent, yield* other.call("seen", events))
  }
})

const report = (measured: Effect.Effect.Success<ReturnType<typeof measure>>): Findings => {
  const { append, otherProcess, sameNode } = measured
  const series = [
    ["the append itself", "Append", append],
    ["answer → reader in another process", "", otherProcess.fromAnswer],
    ["call → reader in another process", "FromCall", otherProcess.fromCall],
    ["answer → reader in the same node", "SameNode", sameNode.fromAnswer],
    ["call → reader in the same node", "SameNodeFromCall", sameNode.fromCall]
  ] as const
  const ms = (value: number) => value.toFixed(2)
  return {
    tables: [
      {
        title: `Milliseconds until an event arrives, at ${perSecond} appends a second`,
        head: ["", "p50", "p99", "worst"],
        rows: series.map(([title, , values]) => [
          title,
          ms(quantile(values, 0.5)),
          ms(quantile(values, 0.99)),
          ms(quantile(values, 1))
        ])
      }
    ],
    summary: {
      latencyMs: Object.fromEntries(
        series.flatMap(([, name, values]) => {
          const key = (q: string) =>
            name === "" ? q : `${name.slice(0, 1).toLowerCase()}${name.slice(1)}${q.toUpperCase()}`
          return [
            [key("p50"), quantile(values, 0.5)],
            [key("p99"), quantile(values, 0.99)]
          ]
        })
      )
    },
    raw: measured
  }
}

export const run = (plan: Plan): Part => Effect.scoped(Effect.map(measure(plan), report))
