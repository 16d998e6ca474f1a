/**
 * What projections cost that have nothing to do: reads of the journal's table a second, by the server's own counters,
 * while one projection waits on a node, and while twenty do.
 */
import { Effect } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { text } from "../run/Figures.js"
import * as Screen from "../run/Screen.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"

const many = 20
/** Until all processes have started, and the server has counted what that took. */
const settling = "8 seconds"

const measure = (seconds: number, projections: number) =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const node = yield* Programs.node
    yield* node.call("open", { url })
    yield* node.call("deploy", projections)
    yield* Screen.say(`idle: ${projections} for ${seconds} s`)
    yield* Effect.sleep(settling)
    const before = yield* node.call("counted", undefined)
    yield* Effect.sleep(seconds * 1000)
    const after = yield* node.call("counted", undefined)
    return {
      reads: (after.reads - before.reads) / seconds,
      transactions: (after.transactions - before.transactions) / seconds
    }
  }).pipe(Effect.scoped)

export const run = (plan: Plan): Part =>
  Effect.gen(function* () {
    const one = yield* measure(plan.idle, 1)
    const twenty = yield* measure(plan.idle, many)
    return {
      tables: [
        {
          title: "What idle projections of one journal cost, on one node",
          head: ["a second", "one", "twenty"],
          rows: [
            ["reads of the journal", one.reads.toFixed(2), twenty.reads.toFixed(2)],
            ["transactions of all kinds, beats among them", text(one.transactions), text(twenty.transactions)]
          ]
        }
      ],
      summary: {
        idlePerSecond: {
          readsOfOne: one.reads,
          readsOfTwenty: twenty.reads,
          transactionsOfOne: one.transactions,
          transactionsOfTwenty: twenty.transactions
        }
      },
      raw: { one, twenty }
    }
  })
