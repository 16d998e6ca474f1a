/** Shows that the checker can fail: what it says of writers and of a projection without fences, whose nodes are frozen. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Schedule } from "effect"
import { say } from "../run/screen.js"
import type { Fleet } from "./fleet.js"
import * as Numbers from "./numbers.js"

/** A node that wakes may notice at once, before any of its processes writes. */
const mostFreezes = 10
/** How long a takeover is waited for: far longer than it takes, whatever else the machine does. */
const takeoverWithin = "2 minutes"

/** The counts of the writers, and those of the view that the naive projection keeps. */
export interface Found {
  readonly staleWrites: number
  readonly lost: number
  readonly twice: number
  readonly outOfOrder: number
  readonly view: Omit<Numbers.Verdict, "events" | "lost">
}

export const isFoundOut = ({ staleWrites, twice, view }: Found): boolean =>
  staleWrites > 0 && twice > 0 && view.wrongRows > 0

const tell = (when: string, { staleWrites, twice, view }: Found) =>
  say(
    `  ${when}: stale writes ${staleWrites}, twice ${twice}; in the view twice ${view.twice}, wrong rows ${view.wrongRows}`
  )

/**
 * Freezes the nodes in turn, each until the others have written in the place of what it ran; until all is found out, or
 * one cannot believe any more that it will be.
 */
export const run = (fleet: Fleet) =>
  Effect.gen(function* () {
    const found = Effect.gen(function* () {
      const { lost, outOfOrder, staleWrites, twice } = yield* fleet.observer.judge
      const view = yield* Effect.provideService(Numbers.naiveVerdict, PgClient.PgClient, fleet.sql)
      return {
        staleWrites,
        lost,
        twice,
        outOfOrder,
        view: { twice: view.twice, outOfOrder: view.outOfOrder, wrongRows: view.wrongRows }
      } satisfies Found
    })
    yield* tell("not frozen yet", yield* found)
    for (let freezes = 1; ; freezes++) {
      const alive = fleet.nodes.alive()
      const node = alive[freezes % alive.length]
      if (node === undefined) return yield* Effect.dieMessage("two nodes were started")
      const standing = fleet.observer.standing
      const its = (yield* standing).filter(({ runner }) => runner === node.runner).map(({ process }) => process)
      const taken = Effect.map(standing, (all) =>
        all.every(({ process, runner }) => !its.includes(process) || runner !== node.runner)
      )
      yield* node.signal("SIGSTOP")
      yield* Effect.repeat(taken, { until: (isTaken) => isTaken, schedule: Schedule.spaced("200 millis") }).pipe(
        Effect.timeoutOption(takeoverWithin),
        Effect.ensuring(node.signal("SIGCONT"))
      )
      yield* fleet.atRest(Date.now())
      const verdict = yield* found
      yield* tell(`frozen ${freezes} times`, verdict)
      if (isFoundOut(verdict) || freezes === mostFreezes) return verdict
    }
  })
