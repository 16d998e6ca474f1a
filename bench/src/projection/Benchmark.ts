/** What a projection does a second, how soon a view shows a command, and what projections cost that have nothing to do. */
import { Effect } from "effect"
import type { Benchmark, Part } from "../run/Benchmark.js"
import * as CatchUp from "./CatchUp.js"
import * as Idle from "./Idle.js"
import * as Latency from "./Latency.js"
import * as Nodes from "./Nodes.js"
import * as Plan from "./Plan.js"
import * as Rebuild from "./Rebuild.js"
import * as Swap from "./Swap.js"
import * as Timers from "./Timers.js"

const parts = ["catchUp", "latency", "rebuild", "nodes", "idle", "timers", "swap"] as const
type Name = (typeof parts)[number]

export const benchmark: Benchmark<Name> = {
  name: "projection",
  parts,
  make: (options) =>
    Effect.sync(() => {
      const plan = Plan.ofSize(options)
      const all: Readonly<Record<Name, Part>> = {
        catchUp: CatchUp.run(plan),
        latency: Latency.run(plan),
        rebuild: Rebuild.run(plan),
        nodes: Nodes.run(plan),
        idle: Idle.run(plan),
        timers: Timers.run,
        swap: Swap.run(plan)
      }
      return (part) => all[part]
    })
}
