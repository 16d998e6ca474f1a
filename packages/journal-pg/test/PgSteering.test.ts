/** Processes of a cluster seen and steered from a node that only calls. */
import { DistributedProcessing, type ProcessStatus } from "@aecor/core"
import { describe, expect } from "@effect/vitest"
import { Context, Effect, Option, Schedule, Stream } from "effect"
import { testOnTwo } from "./fixtures/severalRunners.js"

describe("processes on several runners, from a node that only calls,", () => {
  testOnTwo("are moved: when that is said the process runs there, and it stays there", ({ cluster, first, second }) =>
    Effect.gen(function* () {
      const { host, placeOf } = yield* seenFrom(cluster)
      const index = yield* oneOn(cluster, first.name)
      const before = cluster.places()
      const one = host.killSwitch("set").process(index)
      yield* one.moveTo(second.name)
      expect(placeOf(index)).toEqual([second.name])
      // another one goes in exchange
      yield* cluster.untilPlaced({ [first.name]: 6, [second.name]: 6 })
      expect([...cluster.places()].filter(([n, runner]) => before.get(n) !== runner)).toHaveLength(2)
      yield* one.restart
      expect(placeOf(index)).toEqual([second.name])

      yield* second.stop
      yield* cluster.untilPlaced({ [first.name]: 12 })
      const error = yield* Effect.flip(one.moveTo(second.name))
      expect(error).toMatchObject({ _tag: "UnknownRunner", runners: [first.name] })
      const third = yield* cluster.start()
      yield* cluster.untilPlaced({ [first.name]: 6, [third.name]: 6 })
      expect((yield* host.status("set"))[index]?.pinned).toEqual(Option.some(second.name))
      yield* one.free
      expect((yield* host.status("set"))[index]?.pinned).toEqual(Option.none())
    })
  )

  testOnTwo("are stopped and resumed, one of them or all, and have when that is said", ({ cluster, first }) =>
    Effect.gen(function* () {
      const { host, placeOf } = yield* seenFrom(cluster)
      const all = host.killSwitch("set")
      const index = yield* oneOn(cluster, first.name)
      yield* all.process(index).stop
      expect(placeOf(index)).toEqual([])
      expect(cluster.running()).toHaveLength(11)
      yield* all.process(index).resume
      expect(placeOf(index)).toHaveLength(1)
      yield* all.shutdown
      expect(cluster.running()).toEqual([])
      yield* all.resume
      expect(cluster.running()).toHaveLength(12)
    })
  )

  testOnTwo("are seen as they are, and as they change", ({ cluster, first, second }) =>
    Effect.gen(function* () {
      const { host } = yield* seenFrom(cluster)
      const seen = new Map<number, ProcessStatus.ProcessStatus>()
      yield* Effect.forkScoped(
        Stream.runForEach(host.changes("set"), (one) => Effect.sync(() => seen.set(one.index, one)))
      )
      const untilSeen = (holds: (all: ReadonlyArray<ProcessStatus.ProcessStatus>) => boolean) =>
        Effect.sync(() => holds([...seen.values()])).pipe(
          Effect.repeat({ until: (held) => held, schedule: Schedule.spaced("50 millis") }),
          Effect.timeout("1 minute")
        )
      yield* untilSeen((all) => all.length === 12 && all.every((_) => _.actual === "Running" && _.starts > 0))
      expect(yield* host.status("set")).toMatchObject(
        [...seen.values()].map(({ epoch, runner }) => ({ epoch, runner }))
      )
      expect(yield* host.deployments).toEqual([])
      yield* second.stop
      yield* untilSeen((all) => all.every((_) => _.actual === "Running" && Option.contains(_.runner, first.name)))
      const health = DistributedProcessing.health({ deployments: ["set"], patience: "4 seconds" }).pipe(
        Effect.provideService(DistributedProcessing.DistributedProcessing, host)
      )
      yield* Effect.repeat(health, { until: (_) => _.ready, schedule: Schedule.spaced("50 millis") })
      yield* first.stop
      yield* untilSeen((all) => all.every((_) => _.actual === "Waiting"))
      yield* Effect.sleep("5 seconds")
      const { late, ready } = yield* health
      expect(ready).toBe(false)
      expect(late).toHaveLength(12)
    })
  )
})

type Cluster = Parameters<Parameters<typeof testOnTwo>[1]>[0]["cluster"]

const seenFrom = (cluster: Cluster) =>
  Effect.map(cluster.client, (context) => ({
    host: Context.get(context, DistributedProcessing.DistributedProcessing),
    /** The runners on which a process runs. */
    placeOf: (index: number) => cluster.running().flatMap((_) => (_.index === index ? [_.runner] : []))
  }))

/** A process that runs on a runner. */
const oneOn = (cluster: Cluster, runner: string) =>
  Effect.map(Effect.fromNullable(cluster.running().find((_) => _.runner === runner)), (_) => _.index)
