/** Processes on several runners of one cluster: even placement, joining, leaving in good order, and the kill switch. */
import { DistributedProcessing, type KillSwitch, Process, ProcessContext } from "@aecor/core"
import { PgCluster, PgMigrations, PgProcessLease } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, type Redacted, Schedule, Scope } from "effect"
import { freePort } from "../src/internal/embedded/postmaster.js"
import { newDatabase } from "./fixtures/database.js"

const processes = 12

describe("processes on several runners", () => {
  testOnTwo(
    "are spread evenly, go to one that joins and from one that leaves with the fewest moves, and never run twice meanwhile",
    ({ cluster, first, second }) =>
      Effect.gen(function* () {
        const before = cluster.starts.length
        const joined = yield* cluster.start
        yield* cluster.untilPlaced({ [first.name]: 4, [second.name]: 4, [joined.name]: 4 })
        expect(cluster.starts).toHaveLength(before + 4)
        yield* second.stop
        yield* cluster.untilPlaced({ [first.name]: 6, [joined.name]: 6 })
        expect(cluster.starts).toHaveLength(before + 4 + 4)
      })
  )

  testOnTwo(
    "all stop when one node's kill switch says so, stay stopped when a node joins, and are resumed from another node",
    ({ cluster, first, second }) =>
      Effect.gen(function* () {
        yield* first.killSwitch.shutdown
        expect(cluster.running()).toEqual([])
        const third = yield* cluster.start
        yield* Effect.sleep("5 seconds")
        expect(cluster.running()).toEqual([])
        yield* third.killSwitch.resume
        yield* cluster.untilPlaced({ [first.name]: 4, [second.name]: 4, [third.name]: 4 })
      })
  )
})

interface OnTwo {
  readonly cluster: Effect.Effect.Success<typeof newCluster>
  readonly first: Runner
  readonly second: Runner
}

/** Registers a test on two runners that share the processes evenly, in which no process may run twice at a time. */
function testOnTwo<E>(sentence: string, body: (given: OnTwo) => Effect.Effect<void, E, Scope.Scope>) {
  it.scopedLive(
    sentence,
    () =>
      Effect.gen(function* () {
        const cluster = yield* newCluster
        const first = yield* cluster.start
        const second = yield* cluster.start
        yield* cluster.untilPlaced({ [first.name]: processes / 2, [second.name]: processes / 2 })
        yield* body({ cluster, first, second })
        expect(cluster.overlaps).toEqual([])
      }).pipe(quiet),
    60_000
  )
}

interface Runner {
  readonly name: string
  readonly killSwitch: KillSwitch.KillSwitch
  readonly stop: Effect.Effect<void>
}

/** A cluster on a database of its own, in which every run of a process is seen. */
const newCluster = Effect.gen(function* () {
  const url = yield* newDatabase
  yield* Effect.provide(PgMigrations.run([PgProcessLease.migrations]), PgClient.layer({ url, maxConnections: 1 }))
  const runs = new Set<{ readonly index: number; readonly runner: string }>()
  const overlaps: Array<string> = []
  const starts: Array<number> = []

  /** Runs until it is stopped, and tells where a second run of the same process begins before the first has ended. */
  const process = Process.fromEffect(
    Effect.gen(function* () {
      const { index, runner } = yield* ProcessContext.ProcessContext
      const run = { index, runner }
      for (const other of runs) if (other.index === index) overlaps.push(`${index} on ${other.runner} and ${runner}`)
      runs.add(run)
      starts.push(index)
      // stopping takes longer than a message to another runner: a handover has to wait for it
      return yield* Effect.onInterrupt(Effect.never, () =>
        Effect.zipRight(
          Effect.sleep("1500 millis"),
          Effect.sync(() => runs.delete(run))
        )
      )
    })
  )

  const counts = () =>
    [...runs].reduce<Record<string, number>>((all, { runner }) => ({ ...all, [runner]: (all[runner] ?? 0) + 1 }), {})

  return {
    overlaps,
    starts,
    running: () => [...runs],
    start: startRunner(url, process),
    untilPlaced: (expected: Readonly<Record<string, number>>) =>
      Effect.suspend(() => {
        const found = counts()
        const same = Object.keys({ ...found, ...expected }).every((name) => found[name] === expected[name])
        return same ? Effect.void : Effect.fail(found)
      }).pipe(Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("25 seconds"))))
  }
})

const startRunner = (
  url: Redacted.Redacted,
  process: Process.Process<never, ProcessContext.ProcessContext>
): Effect.Effect<Runner, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const port = yield* freePort
    const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
    const host = DistributedProcessing.layerCluster.pipe(
      Layer.provide(PgCluster.layer({ host: "127.0.0.1", port, connections: 3 })),
      Layer.provide(PgProcessLease.layer),
      Layer.provide(PgClient.layer({ url, maxConnections: 2 })),
      Layer.fresh
    )
    const context = yield* Layer.buildWithScope(host, scope)
    const killSwitch = yield* DistributedProcessing.start(
      "set",
      Array.from({ length: processes }, () => process)
    ).pipe(Effect.provide(Context.add(context, Scope.Scope, scope)))
    return { name: `127.0.0.1:${port}`, killSwitch, stop: Scope.close(scope, Exit.void) }
  })

/** The hosts tell of every handover. */
const quiet = Effect.provide(Logger.remove(Logger.defaultLogger))
