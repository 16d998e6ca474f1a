/** One fault, from its beginning until the fleet is at rest again, and what it took. */
import { Effect } from "effect"
import { say } from "../run/screen.js"
import type { Measure } from "./faults.js"
import type { Fleet } from "./fleet.js"
import type { Fault, Kind } from "./plan.js"
import * as Verdict from "./verdict.js"

/** In milliseconds; the processes that never came back count elsewhere. */
export const took = (
  measure: Measure,
  writes: ReadonlyArray<Verdict.Write>,
  pauses: ReadonlyMap<string, number>
): number => {
  const measured = (processes: ReadonlyArray<string>) => processes.filter((process) => pauses.has(process))
  const longest = (times: ReadonlyArray<number | undefined>) =>
    Math.round(Math.max(0, ...times.filter((time) => time !== undefined)))
  switch (measure._tag) {
    case "gap":
      return longest(Verdict.longestGaps(writes, measured(measure.processes), measure.from, (_) => pauses.get(_) ?? 0))
    case "elsewhere":
      return longest(
        Verdict.firstWrites(writes, measured(measure.processes), measure.from, (runner) => runner !== measure.leaving)
      )
    case "took":
      return measure.millis
  }
}

/** What the faults of each kind took. */
export type Times = Map<Kind, Array<number>>

export const summary = (times: Times) =>
  Object.fromEntries(
    [...times].map(([kind, all]) => {
      const sorted = all.toSorted((a, b) => a - b)
      return [kind, { p50: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0, times: sorted.length }]
    })
  )

/** What is seen of a fleet at rest, over all the times that it was. */
export interface Rests {
  neverRevived: number
  spread: number
  /** The longest wait for it, in milliseconds. */
  longest: number
}

export const noRests = (): Rests => ({ neverRevived: 0, spread: 0, longest: 0 })

/** Waits for rest, and notes how that was. */
export const rest = (fleet: Fleet, rests: Rests) =>
  Effect.gen(function* () {
    const { neverRevived, spread, took: waited } = yield* fleet.atRest(Date.now())
    rests.longest = Math.max(rests.longest, waited)
    rests.neverRevived += neverRevived.length
    rests.spread = Math.max(rests.spread, spread)
    if (neverRevived.length > 0)
      yield* say(`  ${neverRevived.length} not writing again: ${neverRevived.slice(0, 5).join(", ")} …`)
    if (spread > 1) yield* say(`  not spread evenly: ${spread}`)
  })

/** Does it, waits for rest, and notes how long it took. */
export const run = <E, R>(
  fleet: Fleet,
  { kind }: Fault,
  perform: Effect.Effect<Measure | undefined, E, R>,
  times: Times,
  rests: Rests
) =>
  Effect.gen(function* () {
    const measure = yield* Effect.raceFirst(perform, fleet.failed)
    yield* rest(fleet, rests)
    if (measure === undefined) return
    const writes = measure._tag === "took" ? [] : yield* fleet.observer.writesSince(measure.from)
    const millis = took(measure, writes, fleet.observer.measured)
    const turned = (measure._tag === "gap" ? measure.kind : undefined) ?? kind
    times.set(turned, [...(times.get(turned) ?? []), millis])
    yield* say(`  ${millis} ms`)
  })
