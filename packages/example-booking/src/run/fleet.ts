/** Nodes of the application on one database, on this machine, for as long as the scope lives. */
import { Array as Arr, Effect, ExecutionStrategy, Scope } from "effect"
import * as Database from "./database.js"
import * as Nodes from "./nodes.js"
import * as Screen from "./screen.js"

export interface Options {
  readonly nodes: number
  /** Leaves the database's folder and the nodes' logs where they are. */
  readonly keep: boolean
}

/** Starts them and waits until all are ready. `start` starts one more, which may not be ready yet. */
export const make = ({ keep, nodes: count }: Options) =>
  Effect.gen(function* () {
    const logs = yield* Nodes.makeLogs(keep)
    const databaseUrl = yield* Database.make(keep)
    // nodes leave together: each waits for its own processes only
    const together = yield* Effect.acquireRelease(Scope.make(ExecutionStrategy.parallel), Scope.close)
    const start = (number: number) => Scope.extend(Nodes.start(`node-${number}`, { databaseUrl, logs }), together)
    yield* Screen.say(`starting ${count} nodes`)
    const nodes = yield* Effect.forEach(Arr.range(1, count), start)
    yield* Effect.forEach(nodes, Nodes.awaitReady, { concurrency: "unbounded", discard: true })
    const sayLogs = keep ? Screen.say(`the nodes' logs: ${logs}`) : Effect.void
    return { databaseUrl, nodes, sayLogs, start }
  })
