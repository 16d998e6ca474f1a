/**
 * How soon processes run again, and what it costs to be ready for that: ours, and beside it the singletons of
 * @effect/cluster with their default settings. The servers are the benchmark's own: it restarts them.
 */
import { Screen } from "chaos/fleet"
import { Effect } from "effect"
import type { Benchmark, Part } from "../run/Benchmark.js"
import type { Size } from "../run/Options.js"
import * as Faults from "./Faults.js"
import * as Idle from "./Idle.js"
import * as Many from "./Many.js"

const parts = ["faults", "idle", "many"] as const
type Name = (typeof parts)[number]

const roundsOf: Readonly<Record<Size, number>> = { quick: 1, normal: 2, full: 5 }
/** Seconds for which the idle nodes are watched. */
const idleOf: Readonly<Record<Size, number>> = { quick: 10, normal: 30, full: 60 }

export const benchmark: Benchmark<Name> = {
  name: "failover",
  parts,
  make: ({ rounds, size }) =>
    Effect.sync(() => {
      Screen.toStandardError()
      const all: Readonly<Record<Name, Part>> = {
        faults: Faults.run(rounds ?? roundsOf[size]),
        idle: Idle.run(idleOf[size]),
        many: Many.run
      }
      return (part) => all[part]
    })
}
