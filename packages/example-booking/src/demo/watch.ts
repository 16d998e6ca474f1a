/** Who runs which process, as the lease tells, and how long a takeover takes. */
import { type Lease, ProcessLease } from "@aecor/core"
import { Array as Arr, type Duration, Effect, Option, Order, Schedule } from "effect"
import { deployments } from "../processes.js"
import type { Node } from "../run/nodes.js"

/** How often a takeover is looked at: what the measured time is good for. */
const interval = "25 millis"

const allRows = Effect.gen(function* () {
  const lease = yield* ProcessLease.ProcessLease
  return (yield* Effect.forEach(deployments, ({ name }) => lease.list(name))).flat()
})

const runnerOf = (row: Lease.ProcessRow): string | undefined => Option.getOrUndefined(row.runner)

/** How many processes of each deployment a runner has, for the given runners in their order. */
const placement = (runners: ReadonlyArray<string>) =>
  Effect.map(allRows, (rows) =>
    deployments.map(({ name }) => ({
      name,
      counts: runners.map((runner) => rows.filter((row) => row.deployment === name && runnerOf(row) === runner).length)
    }))
  )

/** The node that runs the most processes. */
export const busiest = (nodes: Arr.NonEmptyReadonlyArray<Node>) =>
  Effect.map(allRows, (rows) => {
    const running = (node: Node) => rows.filter((row) => runnerOf(row) === node.runner).length
    return Arr.max(nodes, Order.mapInput(Order.number, running))
  })

/** Which of the given processes each node has, as a person reads it. */
export const describe = (nodes: ReadonlyArray<Node>, rows: ReadonlyArray<Lease.ProcessRow>): string =>
  nodes
    .flatMap((node) => {
      const own = rows.filter((row) => runnerOf(row) === node.runner)
      const of = (name: string) => own.filter((row) => row.deployment === name).map((row) => row.index)
      const parts = deployments.flatMap(({ name }) => (of(name).length > 0 ? [`${name} ${of(name).join(", ")}`] : []))
      return parts.length > 0 ? [`${node.name} takes ${parts.join(" and ")}`] : []
    })
    .join("; ")

/** How far apart the fullest and the emptiest runner are. */
export const spreadOf = (counts: ReadonlyArray<number>): number => Math.max(...counts) - Math.min(...counts)

/** Waits until every process of every deployment runs on one of the runners, evenly. */
export const awaitEven = (runners: ReadonlyArray<string>, within: Duration.DurationInput) =>
  Effect.gen(function* () {
    const placed = yield* placement(runners)
    const complete = placed.every(
      ({ counts }, i) => counts.reduce((a, b) => a + b, 0) === deployments[i]?.processes.length && spreadOf(counts) <= 1
    )
    return complete ? placed : yield* Effect.fail(placed)
  }).pipe(
    Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo(within))),
    Effect.catchAll(() => placement(runners))
  )

interface Takeover {
  readonly processes: number
  /** From the moment given to the last process that runs again elsewhere, in milliseconds. */
  readonly longestMs: number
}

/**
 * Follows the processes of a runner that is about to die: run it around the killing. The processes are noted first;
 * then, from the moment after `kill`, each is waited for until another runner has claimed it.
 */
export const takeover = <E, R>(
  runner: string,
  kill: Effect.Effect<void, E, R>,
  onTaken: (rows: ReadonlyArray<Lease.ProcessRow>, afterMs: number) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const own = (yield* allRows).filter((row) => runnerOf(row) === runner)
    const key = (row: Lease.ProcessRow) => JSON.stringify([row.deployment, row.index])
    const waiting = new Map(own.map((row) => [key(row), row.epoch]))
    const killedAt = Date.now()
    yield* kill
    let longestMs = 0
    while (waiting.size > 0) {
      const taken = (yield* allRows).filter((row) => {
        const before = waiting.get(key(row))
        const now = runnerOf(row)
        return before !== undefined && now !== undefined && now !== runner && row.epoch > before
      })
      if (taken.length > 0) {
        longestMs = Date.now() - killedAt
        for (const row of taken) waiting.delete(key(row))
        yield* onTaken(taken, longestMs)
      }
      yield* Effect.sleep(interval)
    }
    return { processes: own.length, longestMs } satisfies Takeover
  })
