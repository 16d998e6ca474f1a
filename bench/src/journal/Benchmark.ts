/** What the journal does a second, how long readers wait for it, and how that changes as it grows. */
import { Effect } from "effect"
import type { Benchmark, Part } from "../run/Benchmark.js"
import * as Append from "./Append.js"
import * as Filled from "./Filled.js"
import * as Latency from "./Latency.js"
import * as Memory from "./Memory.js"
import * as Pages from "./Pages.js"
import * as Plan from "./Plan.js"
import * as Reading from "./Reading.js"

const parts = ["append", "read", "latency", "pages", "memory"] as const
type Name = (typeof parts)[number]

export const benchmark: Benchmark<Name> = {
  name: "journal",
  parts,
  make: (options) =>
    Effect.gen(function* () {
      const plan = Plan.of(options)
      // made by the first part that asks for it
      const journals = yield* Effect.cached(Filled.make(plan.sizes))
      const all: Readonly<Record<Name, Part>> = {
        append: Append.run(plan),
        read: Reading.run(plan),
        latency: Latency.run(plan),
        pages: Effect.flatMap(journals, (filled) => Pages.run(plan, filled)),
        memory: Effect.flatMap(journals, (filled) => Memory.run(plan, filled))
      }
      return (part) => all[part]
    })
}
