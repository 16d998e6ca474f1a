/** Nodes of two releases side by side on one cluster: another number of processes, and other code. */
import { Deployment, Process, ProcessContext } from "@aecor/core"
import { PgProcessLease } from "@aecor/journal-pg"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schedule } from "effect"
import { client } from "./fixtures/database.js"
import { leasesDatabase, startRunner } from "./fixtures/runner.js"

it.scopedLive(
  "a rolling deploy, its switch and its way back: each process runs once, under a growing epoch, where its code is",
  () =>
    Effect.gen(function* () {
      const cluster = yield* newCluster
      const { running, start, starts, switchTo, untilRunning } = cluster
      const [first, second] = yield* Effect.all([start("old"), start("old")], { concurrency: "unbounded" })
      yield* untilRunning("old")

      // the new code comes, node by node, and waits; what it is given it refuses
      const third = yield* start("new")
      yield* first.stop
      yield* untilRunning("old")
      const fourth = yield* start("new")
      yield* Effect.sleep("5 seconds")
      expect(running().every(({ release }) => release === "old")).toBe(true)
      expect(starts.every(({ release }) => release === "old")).toBe(true)

      yield* switchTo("new")
      expect(running().filter(({ release }) => release === "old")).toEqual([])
      yield* untilRunning("new")
      const switched = starts.length
      // a node of the old code that comes again is given nothing
      const again = yield* start("old")
      yield* third.stop
      yield* untilRunning("new")
      yield* Effect.sleep("5 seconds")
      expect(starts.slice(switched).every(({ release }) => release === "new")).toBe(true)

      yield* switchTo("old")
      expect(running().filter(({ release }) => release === "new")).toEqual([])
      yield* untilRunning("old")
      yield* Effect.all([fourth.stop, second.stop])
      yield* untilRunning("old")
      expect(new Set(running().map(({ runner }) => runner))).toEqual(new Set([again.name]))

      expect(cluster.overlaps).toEqual([])
      for (const index of [0, 1, 2, 3, 4]) {
        const epochs = starts.filter((run) => run.index === index).map(({ epoch }) => epoch)
        expect(epochs).toEqual([...new Set(epochs)].toSorted((a, b) => a - b))
      }
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger))),
  240_000
)

const releases = { old: { processes: 3, fingerprint: "old" }, new: { processes: 5, fingerprint: "new" } } as const
type Release = keyof typeof releases

interface Run {
  readonly index: number
  readonly epoch: number
  readonly runner: string
  readonly release: Release
}

/** A cluster on a database of its own, in which every run of a process is seen. */
const newCluster = Effect.gen(function* () {
  const url = yield* leasesDatabase
  const runs = new Set<Run>()
  const starts: Array<Run> = []
  const overlaps: Array<string> = []
  const process = (release: Release) =>
    Process.fromEffect(
      Effect.gen(function* () {
        const { epoch, index, runner } = yield* ProcessContext.ProcessContext
        const run: Run = { epoch, index, runner, release }
        for (const other of runs) {
          if (other.index === index) overlaps.push(`${index} of ${other.release} and of ${release}`)
        }
        runs.add(run)
        starts.push(run)
        return yield* Effect.onInterrupt(Effect.never, () =>
          Effect.zipRight(
            Effect.sleep("1 second"),
            Effect.sync(() => runs.delete(run))
          )
        )
      })
    )
  const running = () => [...runs]
  return {
    running,
    starts,
    overlaps,
    start: (release: Release) => {
      const { fingerprint, processes } = releases[release]
      const recipes = Array.from({ length: processes }, () => process(release))
      return startRunner({ url, processes: recipes, settings: { fingerprint, onMismatch: "wait" } })
    },
    switchTo: (release: Release) =>
      Deployment.reshape("set", releases[release]).pipe(
        Effect.provide(PgProcessLease.layer.pipe(Layer.provide(client(url, { maxConnections: 1 }))))
      ),
    /** All processes of a release run, and no others. */
    untilRunning: (release: Release) =>
      Effect.suspend(() => {
        const found = running()
        const all = found.every((run) => run.release === release) && found.length === releases[release].processes
        return all ? Effect.void : Effect.fail(found)
      }).pipe(Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("1 minute"))))
  }
})
