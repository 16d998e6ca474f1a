// A node whose lease does not answer: it stops what it runs before anybody else may take it, and comes back.
import { DistributedProcessing, Lease, ProcessLease } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Scope, TestClock } from "effect"
import { onLayer, until } from "../src/testing/internal/patience.js"
import { alive, lasting, recorded, type Run } from "../src/testing/internal/processRuns.js"

const { start } = DistributedProcessing

/** How an operation of the lease goes wrong. */
type Trouble = <A, E>(operation: Effect.Effect<A, E>) => Effect.Effect<A, E | Lease.ProcessLeaseError>

const refuses: Trouble = () => Effect.fail(new Lease.ProcessLeaseError({ description: "no connection" }))
const hangs: Trouble = () => Effect.never

describe("a node that is cut off from its lease", () => {
  for (const [how, trouble] of [
    ["refuses", refuses],
    ["hangs", hangs]
  ] as const) {
    test(`stops its processes after three seconds of silence, and starts them when it is back: the lease ${how}`, ({
      lease,
      runs
    }) =>
      Effect.gen(function* () {
        yield* start("set", [lasting(runs), lasting(runs)])
        yield* until(() => runs.length === 2)
        yield* TestClock.adjust("10 seconds")
        lease.begin(trouble)
        yield* TestClock.adjust("1800 millis")
        expect(alive(runs)).toHaveLength(2)
        yield* TestClock.adjust("2500 millis")
        expect(alive(runs)).toEqual([])
        yield* TestClock.adjust("15 seconds")
        expect(runs).toHaveLength(2)
        lease.end()
        yield* until(() => alive(runs).length === 2)
        for (const { fence } of alive(runs)) {
          const before = runs.find((_) => _.fence.index === fence.index)?.fence
          expect(fence.epoch).toBeGreaterThan(before?.epoch ?? Number.NaN)
        }
      }))
  }

  test("keeps a process through a shorter outage", ({ lease, runs }) =>
    Effect.gen(function* () {
      yield* start("set", [lasting(runs)])
      yield* until(() => runs.length === 1)
      for (const _ of [1, 2, 3, 4, 5]) {
        lease.begin(refuses)
        yield* TestClock.adjust("1900 millis")
        lease.end()
        yield* TestClock.adjust("1100 millis")
      }
      expect(runs).toHaveLength(1)
      expect(alive(runs)).toHaveLength(1)
    }))

  test("starts its processes as soon as the lease answers for the first time", ({ lease, runs }) =>
    Effect.gen(function* () {
      yield* start("set", [lasting(runs)])
      lease.begin(refuses)
      yield* TestClock.adjust("20 seconds")
      expect(runs).toEqual([])
      lease.end()
      yield* until(() => runs.length === 1)
    }))

  test("claims a few times a second, not in a loop, when a run has failed just before the lease does", ({
    lease,
    runs
  }) =>
    Effect.gen(function* () {
      // the claims begin before the silence ends what is left of the first epoch
      const backoff = { min: "1 second", jitter: 0 } as const
      yield* start("set", [recorded(runs, () => Effect.fail("broken"))], { backoff })
      yield* until(() => runs.length === 1)
      lease.begin(refuses)
      yield* TestClock.adjust("20 seconds")
      expect(lease.claims()).toBeGreaterThan(10)
      expect(lease.claims()).toBeLessThan(100)
      lease.end()
      yield* until(() => runs.length === 2)
    }))

  test("can be asked to start a deployment again that it could not make known", ({ lease, runs }) =>
    Effect.gen(function* () {
      lease.begin(refuses)
      expect(yield* Effect.flip(start("set", [lasting(runs)]))).toBeInstanceOf(Lease.ProcessLeaseError)
      lease.end()
      yield* start("set", [lasting(runs)])
      yield* until(() => runs.length === 1)
    }))

  test("closes in time even when the lease does not let go of its processes", ({ lease, runs }) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Scope.extend(start("set", [lasting(runs)]), scope)
      yield* until(() => runs.length === 1)
      lease.begin(hangs)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("4 seconds")
      expect(Option.isSome(yield* Fiber.poll(closing))).toBe(true)
      expect(alive(runs)).toEqual([])
      lease.end()
    }))
})

interface Given {
  readonly lease: Troubled
  readonly runs: Array<Run>
}

/** Registers a test on a node whose lease can be made to go wrong. */
function test<E>(
  sentence: string,
  body: (given: Given) => Effect.Effect<void, E, DistributedProcessing.DistributedProcessing | Scope.Scope>
) {
  it.effect(sentence, () =>
    Effect.flatMap(troubled, (lease) => {
      const leases = Layer.succeed(ProcessLease.ProcessLease, lease.service)
      return onLayer(body({ lease, runs: [] }), Layer.provide(DistributedProcessing.layerLocal, leases))
    })
  )
}

/** More claims than any test makes, unless they are made in a loop. */
const mostClaims = 1000

/** A lease in memory of which the operations that a node uses can be made to go wrong. */
const troubled = Effect.map(Effect.provide(ProcessLease.ProcessLease, ProcessLease.layerMemory), (lease) => {
  const none: Trouble = (operation) => operation
  let trouble = none
  let claims = 0
  const through = <A, E>(operation: Effect.Effect<A, E>) => Effect.suspend(() => trouble(operation))
  const service: Lease.Operations = {
    ...lease,
    register: (deployment, processes) => through(lease.register(deployment, processes)),
    list: (deployment) => through(lease.list(deployment)),
    claim: (process, runner, silence) =>
      Effect.suspend(() => {
        claims += 1
        return claims < mostClaims
          ? through(lease.claim(process, runner, silence))
          : Effect.dieMessage("claims in a loop")
      }),
    beat: (beats) => through(lease.beat(beats)),
    release: (fence) => through(lease.release(fence)),
    revoke: (deployment, index) => through(lease.revoke(deployment, index))
  }
  return {
    service,
    claims: () => claims,
    begin: (next: Trouble) => void (trouble = next),
    end: () => void (trouble = none)
  }
})

type Troubled = Effect.Effect.Success<typeof troubled>
