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
  it.scopedLive(
    "are spread evenly, move to one that joins and from one that leaves, and never run twice meanwhile",
    () =>
      Effect.gen(function* () {
        const cluster = yield* newCluster
        const first = yield* cluster.start
        const second = yield* cluster.start
        yield* cluster.untilPlaced({ [first.name]: 6, [second.name]: 6 })
        const before = cluster.starts.length
        const third = yield* cluster.start
        yield* cluster.untilPlaced({ [first.name]: 4, [second.name]: 4, [third.name]: 4 })
        expect(cluster.starts.length - before).toBe(4)
        yield* second.stop
        yield* cluster.untilPlaced({ [first.name]: 6, [third.name]: 6 })
        expect(cluster.overlaps).toEqual([])
      }).pipe(quiet),
    60_000
  )

  it.scopedLive(
    "all stop when one node's kill switch says so, stay stopped when a node joins, and are resumed from another node",
    () =>
      Effect.gen(function* () {
        const cluster = yield* newCluster
        const first = yield* cluster.start
        const second = yield* cluster.start
        yield* cluster.untilPlaced({ [first.name]: 6, [second.name]: 6 })
        yield* first.killSwitch.shutdown
        expect(cluster.running()).toEqual([])
        const third = yield* cluster.start
        yield* Effect.sleep("5 seconds")
        expect(cluster.running()).toEqual([])
        yield* third.killSwitch.resume
        yield* cluster.untilPlaced({ [first.name]: 4, [second.name]: 4, [third.name]: 4 })
        expect(cluster.overlaps).toEqual([])
      }).pipe(quiet),
    60_000
  )
})

interface Runner {
  readonly name: string
  readonly killSwitch: KillSwitch.KillSwitch
  readonly stop: Effect.Effect<void>
}

/** A cluster on a database of its own, in which every run of a process is seen. */
const newCluster = Effect.gen(function* () {
  const url = yield* newDatabase
  yield* Effect.provide(PgMigrations.run([PgProcessLease.migrations]), PgClient.layer({ url, maxConnections: 1 }))
  const owners = new Map<number, string>()
  const overlaps: Array<string> = []
  const starts: Array<number> = []

  /** Runs until it is stopped, and tells where a second run of the same process begins before the first has ended. */
  const process = Process.fromEffect(
    Effect.gen(function* () {
      const { index, runner } = yield* ProcessContext.ProcessContext
      const before = owners.get(index)
      if (before !== undefined) overlaps.push(`${index} on ${before} and ${runner}`)
      owners.set(index, runner)
      starts.push(index)
      // stopping takes a while: a handover has to wait for it
      return yield* Effect.onInterrupt(Effect.never, () =>
        Effect.zipRight(
          Effect.sleep("200 millis"),
          Effect.sync(() => owners.delete(index))
        )
      )
    })
  )

  const counts = () =>
    [...owners.values()].reduce<Record<string, number>>((all, name) => ({ ...all, [name]: (all[name] ?? 0) + 1 }), {})

  return {
    overlaps,
    starts,
    running: () => [...owners.keys()],
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
