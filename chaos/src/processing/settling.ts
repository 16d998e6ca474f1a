/** Waiting until the fleet is at rest: every process has written since, and they are spread evenly. */
import { Effect } from "effect"
import type { WriterSet } from "./model.js"
import type { Nodes } from "./nodes.js"
import type { Observer } from "./observer.js"
import { spreadOf } from "./verdict.js"

export interface Rest {
  /** Processes that have not written since within the bound. */
  readonly neverRevived: ReadonlyArray<string>
  /** The widest spread of a set over the nodes. */
  readonly spread: number
  /** How long it was waited for, in milliseconds. */
  readonly took: number
}

/** How long is waited for what, in milliseconds. */
export interface Bounds {
  /** At the least, for what begins late. */
  readonly atLeast: number
  /** For a process to write again after everything is healed. */
  readonly revival: number
  /** After that, for the processes to be spread evenly. */
  readonly even: number
}

/** Far longer than anything takes: what comes late shows in the times, whatever else the machine does. */
export const bounds: Bounds = { atLeast: 0, revival: 120_000, even: 150_000 }

const interval = "100 millis"

export const untilAtRest = (
  observer: Observer,
  nodes: Pick<Nodes, "alive">,
  sets: ReadonlyArray<WriterSet>,
  since: number,
  { atLeast, even, revival }: Bounds
): Effect.Effect<Rest> =>
  Effect.gen(function* () {
    const healedAt = Date.now()
    while (true) {
      const standing = yield* observer.standing
      const runners = nodes.alive().map(({ runner }) => runner)
      const wrote = new Set(
        standing.filter(({ at, runner }) => at > since && runners.includes(runner)).map((_) => _.process)
      )
      const waiting = observer.processes.filter((process) => !wrote.has(process))
      const spreads = sets
        .filter(({ every }) => every > 0)
        .map(({ name }) =>
          spreadOf(
            standing.filter((_) => _.set === name).map((_) => _.runner),
            runners
          )
        )
      const spread = Math.max(0, ...spreads)
      const waited = Date.now() - healedAt
      const isEven = spread <= 1 || waited > even
      if (waiting.length === 0 && isEven && waited >= atLeast) return { neverRevived: [], spread, took: waited }
      if (waiting.length > 0 && waited > revival) return { neverRevived: waiting, spread, took: waited }
      yield* Effect.sleep(interval)
    }
  })
