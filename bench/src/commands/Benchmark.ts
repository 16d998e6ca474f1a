/** What a command costs on its way through a node. */
import { Effect } from "effect"
import type { Benchmark } from "../run/Benchmark.js"
import type { Size } from "../run/Options.js"
import * as Rate from "./Rate.js"
import * as Way from "./Way.js"

const plans: Readonly<Record<Size, Rate.Plan>> = {
  quick: { rounds: 3, warmUp: 100, measured: 600 },
  normal: { rounds: 7, warmUp: 200, measured: 1000 },
  full: { rounds: 15, warmUp: 300, measured: 2000 }
}

const parts = { rate: Rate.run, way: Way.run }

export const benchmark: Benchmark<keyof typeof parts> = {
  name: "commands",
  parts: ["rate", "way"],
  make: ({ rounds, size }) =>
    Effect.sync(() => (part) => parts[part]({ ...plans[size], ...(rounds === undefined ? {} : { rounds }) }))
}
