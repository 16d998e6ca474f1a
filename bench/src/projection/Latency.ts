/**
 * How soon a view shows what a command has stored: from the append's answer until `awaitReceipt` returns, on the node that
 * appended. The projection runs on that node, or in another process. At light load, so that it is the way of one event
 * that is measured and no queue.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { quantile } from "../run/Figures.js"
import type { Findings } from "../run/Findings.js"
import * as Screen from "../run/Screen.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"

const perSecond = 50
/** The first seconds are not counted: processes start, code is compiled. */
const warmUp = 2

/** Milliseconds from each answer to the row, where the projection runs on `keeper` and `writer` appends. */
const measure = (plan: Plan, apart: boolean) =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const writer = yield* Programs.node
    yield* writer.call("open", { url })
    const keeper = apart ? yield* Programs.node : writer
    if (apart) yield* keeper.call("open", { url })
    yield* keeper.call("deploy", 1)
    yield* Screen.say(`latency: ${plan.light} s, the projection ${apart ? "in another process" : "on the same node"}`)
    const sent = yield* writer.call("append", { events: perSecond * (warmUp + plan.light), perSecond })
    yield* keeper.call("undeploy", undefined)
    return sent.slice(perSecond * warmUp).map(({ answered, seen }) => seen - answered)
  }).pipe(Effect.scoped)

const report = (sameNode: ReadonlyArray<number>, apart: ReadonlyArray<number>): Findings => {
  const ms = (value: number) => value.toFixed(2)
  const row = (title: string, values: ReadonlyArray<number>) => [
    title,
    ...[0.5, 0.99, 1].map((q) => ms(quantile(values, q)))
  ]
  return {
    tables: [
      {
        title: `Milliseconds from an append's answer until the view shows it, at ${perSecond} appends a second`,
        head: ["", "p50", "p99", "worst"],
        rows: [row("the projection in another process", apart), row("on the node that appends", sameNode)]
      }
    ],
    summary: {
      latencyMs: {
        p50: quantile(apart, 0.5),
        p99: quantile(apart, 0.99),
        sameNodeP50: quantile(sameNode, 0.5),
        sameNodeP99: quantile(sameNode, 0.99)
      }
    },
    raw: { sameNode, apart }
  }
}

export const run = (plan: Plan): Part =>
  Effect.gen(function* () {
    const apart = yield* measure(plan, true)
    return report(yield* measure(plan, false), apart)
  })
