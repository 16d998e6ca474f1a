/**
 * One node against three, each an operating system's process of a cluster: their processes wait at the journal's end when
 * the server stores many events at once. On a machine of few cores they share those.
 */
import { Effect, Schedule } from "effect"
import type { Part } from "../run/Benchmark.js"
import * as Database from "../run/Database.js"
import { text } from "../run/Figures.js"
import * as Screen from "../run/Screen.js"
import * as Fill from "./Fill.js"
import type { Plan } from "./Plan.js"
import * as Programs from "./Programs.js"

/** How often it is looked whether all is projected. */
const interval = "100 millis"

const measure = (filling: Fill.Filling, count: number) =>
  Effect.gen(function* () {
    const url = yield* Database.make
    const bare = yield* Programs.bare
    const ports = yield* Effect.forEach(Array.from({ length: count }), () => Database.freePort)
    const nodes = yield* Effect.forEach(
      ports,
      (port) =>
        Effect.gen(function* () {
          const node = yield* Programs.node
          yield* node.call("open", { url, port })
          yield* node.call("deploy", 1)
          return node
        }),
      { concurrency: 1 }
    )
    const [first] = nodes
    if (first === undefined) return yield* Effect.dieMessage("no node")
    yield* Screen.say(`nodes: ${count} wait for their processes`)
    yield* first.call("spread", count)
    yield* bare.call("execute", { url, statements: Fill.ours(filling) })
    yield* Screen.say(`nodes: ${count} project ${filling.events.toLocaleString("en-US")} events`)
    const since = performance.now()
    yield* first
      .call("viewed", undefined)
      .pipe(
        Effect.repeat({ until: (events) => events >= filling.events, schedule: Schedule.spaced(interval) }),
        Effect.timeoutFail({ duration: "5 minutes", onTimeout: () => new Error("not all was projected") }),
        Effect.orDie
      )
    return { nodes: count, perSecond: (filling.events * 1000) / (performance.now() - since) }
  }).pipe(Effect.scoped)

export const run = (plan: Plan): Part =>
  Effect.gen(function* () {
    const one = yield* measure(plan.shared, 1)
    const three = yield* measure(plan.shared, 3)
    return {
      tables: [
        {
          title: "Events projected a second by the processes of one projection",
          head: ["", "a second"],
          rows: [
            ["one node", text(one.perSecond)],
            ["three nodes", `${text(three.perSecond)} (${(three.perSecond / one.perSecond).toFixed(2)}x)`]
          ]
        }
      ],
      summary: {
        ratios: { threeNodesVsOne: three.perSecond / one.perSecond },
        perSecond: { oneNode: one.perSecond, threeNodes: three.perSecond }
      },
      raw: { one, three }
    }
  })
