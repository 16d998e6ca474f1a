// Rules of the hosts that look as if one could do without them, each beside what happens without it.
import { DistributedProcessing, type Lease } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Option, Schedule, TestClock } from "effect"
import * as Coordinate from "../src/internal/coordinate.js"
import { resolve, silence } from "../src/internal/deploymentSettings.js"
import * as Node from "../src/internal/node.js"
import { onLayer, until } from "../src/testing/internal/patience.js"
import { lasting, recorded, type Run } from "../src/testing/internal/processRuns.js"
import { inCluster, newLease, refuses, testOnTroubled } from "./fixtures/troubledLease.js"

const deployment = "set"
const settings = resolve({})

/** A lease with one process that was sent once. */
const sent = Effect.gen(function* () {
  const lease = yield* newLease
  yield* lease.register(deployment, 1)
  const generation = yield* lease.assign({ deployment, index: 0, generation: 0 }, "a")
  return { lease, process: { deployment, index: 0, generation: Option.getOrThrow(generation) } }
})

const epochOf = (lease: Lease.Operations) => Effect.map(lease.list(deployment), ([row]) => row?.epoch)

describe("an owner that beats is not robbed", () => {
  /** Two nodes to which the same process was sent, as when one was taken for dead and wakes. */
  const twoOwners = (rule: (lease: Lease.Operations) => Lease.Operations) =>
    Effect.gen(function* () {
      const { lease, process } = yield* sent
      const runs: Array<Run> = []
      for (const runner of ["a", "b"]) {
        const node = yield* Node.make(runner, rule(lease))
        yield* Effect.forkScoped(node.host(process, lasting(runs), settings))
      }
      yield* until(() => runs.length > 0)
      yield* TestClock.adjust("20 seconds")
      return { runs: runs.length, epoch: yield* epochOf(lease) }
    })

  it.effect("so two nodes that both believe they own a process settle at once", () =>
    onLayer(
      Effect.gen(function* () {
        expect(yield* twoOwners((lease) => lease)).toEqual({ runs: 1, epoch: 1 })
      }),
      Layer.empty
    )
  )

  it.effect("and without that they take it from each other for ever", () =>
    onLayer(
      Effect.gen(function* () {
        const robbing = (lease: Lease.Operations): Lease.Operations => ({
          ...lease,
          claim: (process, runner) => lease.claim(process, runner, Duration.zero)
        })
        const { runs } = yield* twoOwners((lease) => robbing(lease))
        expect(runs).toBeGreaterThan(10)
      }),
      Layer.empty
    )
  )
})

describe("a sign of life from before a clock stepped back counts for nothing", () => {
  /** Whether a process is taken over whose owner has died, and the store's clock has stepped back since by an hour. */
  const isTakenOver = (rule: (lease: Lease.Operations) => Lease.Operations) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Duration.toMillis("1 day"))
      const { lease, process } = yield* sent
      yield* lease.claim(process, "a", silence)
      yield* TestClock.setTime(Duration.toMillis("23 hours"))
      const runs: Array<Run> = []
      const node = yield* Node.make("b", rule(lease))
      yield* Effect.forkScoped(node.host(process, lasting(runs), settings))
      yield* TestClock.adjust("1 minute")
      return runs.length === 1
    })

  it.effect("so the process is taken over", () =>
    onLayer(
      Effect.gen(function* () {
        expect(yield* isTakenOver((lease) => lease)).toBe(true)
      }),
      Layer.empty
    )
  )

  it.effect("and without that nobody would run it for an hour", () =>
    onLayer(
      Effect.gen(function* () {
        // an age by the clock alone: what lies in the future is not old
        const trusting = (lease: Lease.Operations): Lease.Operations => ({
          ...lease,
          claim: (one, runner, limit) =>
            Effect.flatMap(lease.list(one.deployment), ([row]) =>
              Option.exists(row?.sinceBeat ?? Option.none(), (age) => age === Number.POSITIVE_INFINITY)
                ? Effect.succeed({ _tag: "Busy" } as const)
                : lease.claim(one, runner, limit)
            )
        })
        expect(yield* isTakenOver(trusting)).toBe(false)
      }),
      Layer.empty
    )
  )
})

describe("a process beats while it waits to be started again", () => {
  /** A process that fails at once, ever again, under a coordinator with another runner to choose. */
  const crashLoop = (rule: (lease: Lease.Operations) => Lease.Operations) =>
    Effect.gen(function* () {
      const { lease, process } = yield* sent
      const runs: Array<Run> = []
      const node = yield* Node.make("a", rule(lease))
      const host = (one: Lease.ProcessId) =>
        node.host(
          one,
          recorded(runs, () => Effect.fail("broken")),
          settings
        )
      yield* Effect.forkScoped(host(process))
      const coordinator = Coordinate.make({
        self: "coordinator",
        lease,
        client: {
          run: (one, runner) => (runner === "a" ? Effect.asVoid(Effect.forkDaemon(host(one))) : Effect.void),
          stop: node.stop,
          holds: () => Effect.succeed(false),
          ping: () => Effect.void
        },
        deployment: { name: deployment, processes: [], settings },
        scope: yield* Effect.scope
      })
      for (const _ of Array.from({ length: 60 })) {
        for (const runner of ["a", "b"]) yield* lease.announce(runner, [{ deployment }])
        yield* coordinator.pass(false)
        yield* TestClock.adjust("1 second")
      }
      const [row] = yield* lease.list(deployment)
      return { placements: row?.generation, at: Option.getOrUndefined(row?.target ?? Option.none()) }
    })

  it.effect("so a crash loop stays where it is", () =>
    onLayer(
      Effect.gen(function* () {
        expect(yield* crashLoop((lease) => lease)).toEqual({ placements: 1, at: "a" })
      }),
      Layer.empty
    )
  )

  it.effect("and without that its wait is taken for silence, and it is sent around", () =>
    onLayer(
      Effect.gen(function* () {
        const silent = (lease: Lease.Operations): Lease.Operations => ({
          ...lease,
          beat: (beats) =>
            Effect.map(lease.beat(beats.filter(({ state }) => state !== "Backoff")), () =>
              beats.map((): Lease.BeatAnswer => "Held")
            )
        })
        const { placements } = yield* crashLoop(silent)
        expect(placements).toBeGreaterThan(2)
      }),
      Layer.empty
    )
  )
})

describe("a coordinator that fails gives its office up", () => {
  /** Whether another runner gets the office of one that holds it and can do nothing with it. */
  const isRelieved = Effect.fnUntraced(function* (lease: Lease.Operations) {
    const asking = lease
      .coordinate(deployment, "another", silence)
      .pipe(
        Effect.repeat({ until: (granted) => granted, schedule: Schedule.spaced("200 millis") }),
        Effect.timeoutOption("30 seconds")
      )
    const asked = yield* Effect.fork(asking)
    yield* TestClock.adjust("31 seconds")
    return Option.isSome(yield* Fiber.join(asked))
  })

  testOnTroubled(
    "so another may do better",
    ({ lease, runs }) =>
      Effect.gen(function* () {
        // nothing of it runs yet: whoever holds the office has something to do, and so keeps it
        lease.begin(refuses, ["runners"])
        yield* DistributedProcessing.start(deployment, [lasting(runs)])
        yield* TestClock.adjust("5 seconds")
        expect(yield* isRelieved(lease.service)).toBe(true)
      }),
    inCluster
  )

  testOnTroubled(
    "and without that the deployment would have no coordinator",
    ({ lease, runs }) =>
      Effect.gen(function* () {
        // nothing of it runs yet: whoever holds the office has something to do, and so keeps it
        lease.begin(refuses, ["runners", "resign"])
        yield* DistributedProcessing.start(deployment, [lasting(runs)])
        yield* TestClock.adjust("5 seconds")
        expect(yield* isRelieved(lease.service)).toBe(false)
      }),
    inCluster
  )
})
