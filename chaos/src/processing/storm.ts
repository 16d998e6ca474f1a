/** All of a plan's faults: those that come alone, and the bursts. After each the fleet comes to rest. */
import { Effect } from "effect"
import { say } from "../run/screen.js"
import type * as Faults from "./faults.js"
import type { Fleet } from "./fleet.js"
import * as Plan from "./plan.js"
import * as Trial from "./trial.js"

export const run = (
  fleet: Fleet,
  faults: ReturnType<typeof Faults.make>,
  plan: Plan.Plan,
  times: Trial.Times,
  rests: Trial.Rests
) =>
  Effect.gen(function* () {
    const { failed, nodes } = fleet
    for (const fault of plan.alone) yield* Trial.run(fleet, fault, faults.perform(fault), times, rests)
    for (const burst of plan.bursts) {
      yield* say(`${burst.length} faults, one over the other`)
      const storm = Effect.forEach(burst, (fault) => Effect.delay(faults.perform(fault), fault.at), {
        concurrency: "unbounded",
        discard: true
      })
      yield* Effect.raceFirst(storm, failed)
      while (nodes.alive().length < Plan.firstNodes) yield* Effect.raceFirst(faults.join, failed)
      yield* Trial.rest(fleet, rests)
    }
  })
