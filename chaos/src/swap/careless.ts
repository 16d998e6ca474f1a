/** Shows that the witnesses can speak up: an operator swaps without conditions, and edits a row of the next version. */
import { Effect, Schedule } from "effect"
import type { Fleet } from "../processing/fleet.js"
import { say } from "../run/screen.js"
import * as Swaps from "./swaps.js"
import type { Tally, Wrong } from "./tally.js"

/** Far longer than it takes. */
const foundWithin = "2 minutes"

export type Found = Pick<Wrong, "vanished" | "backwards" | "lied" | "differing">

const foundBy = ({ wrong: { backwards, differing, lied, vanished } }: Tally): Found => ({
  vanished,
  backwards,
  lied,
  differing
})

export const isFoundOut = (found: Found): boolean => Object.values(found).every((n) => n > 0)

const tell = (when: string, { backwards, differing, lied, vanished }: Found) =>
  say(
    `  ${when}: rows vanished ${vanished}, went back ${backwards}, below a promise ${lied}; versions differ ${differing}`
  )

/** Until all of it is found out, or one cannot believe any more that it will be. */
export const run = (fleet: Fleet, folder: string, tally: Tally) =>
  Effect.gen(function* () {
    yield* tell("not swapped yet", foundBy(tally))
    yield* Swaps.start(fleet, folder, { careless: true, onTold: tally.onTold, name: "careless operator" })
    const found = Effect.sync(() => foundBy(tally))
    yield* Effect.repeat(found, { until: isFoundOut, schedule: Schedule.spaced("100 millis") }).pipe(
      Effect.timeoutOption(foundWithin)
    )
    yield* tell("swapped without conditions", yield* found)
    return yield* found
  }).pipe(Effect.scoped)
