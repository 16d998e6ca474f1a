// A node whose lease does not answer: it stops what it runs before anybody else may take it, and comes back.
import { DistributedProcessing, Lease, ProcessLease } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Scope, TestClock } from "effect"
import { until } from "../src/testing/internal/patience.js"
import { alive, lasting, recorded, type Run } from "../src/testing/internal/processRuns.js"

/** How an operation of the lease goes wrong. */
type Trouble = <A, E>(operation: Effect.Effect<A, E>) => Effect.Effect<A, E | Lease.ProcessLeaseError>

const refuses: Trouble = () => Effect.fail(new Lease.ProcessLeaseError({ description: "no connection" }))
const hangs: Trouble = () => Effect.never

describe("a node that is cut off from its lease", () => {
  for (const [how, trouble] of [
    ["refuses", refuses],
    ["hangs", hangs]
  ] as const) {
    it.scoped(
      `stops its processes after three seconds of silence, and starts them when it is back: the lease ${how}`,
      () =>
        Effect.gen(function* () {
          const lease = yield* troubled
          const runs: Array<Run> = []
          yield* onNode(lease.service, (start) =>
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
            })
          )
        })
    )
  }

  it.scoped("keeps a process through a shorter outage", () =>
    Effect.gen(function* () {
      const lease = yield* troubled
      const runs: Array<Run> = []
      yield* onNode(lease.service, (start) =>
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
        })
      )
    })
  )

  it.scoped("starts its processes as soon as the lease answers for the first time", () =>
    Effect.gen(function* () {
      const lease = yield* troubled
      const runs: Array<Run> = []
      yield* onNode(lease.service, (start) =>
        Effect.gen(function* () {
          yield* start("set", [lasting(runs)])
          lease.begin(refuses)
          yield* TestClock.adjust("20 seconds")
          expect(runs).toEqual([])
          lease.end()
          yield* until(() => runs.length === 1)
        })
      )
    })
  )

  it.scoped("claims a few times a second, not in a loop, when a run has failed just before the lease does", () =>
    Effect.gen(function* () {
      const lease = yield* troubled
      const runs: Array<Run> = []
      let claims = 0
      const claim: Lease.Operations["claim"] = (...of) =>
        Effect.suspend(() => {
          claims += 1
          return claims < 1000 ? lease.service.claim(...of) : Effect.dieMessage("claims in a loop")
        })
      yield* onNode({ ...lease.service, claim }, (start) =>
        Effect.gen(function* () {
          // the claims begin before the silence ends what is left of the first epoch
          const backoff = { min: "1 second", jitter: 0 } as const
          yield* start("set", [recorded(runs, () => Effect.fail("broken"))], { backoff })
          yield* until(() => runs.length === 1)
          lease.begin(refuses)
          yield* TestClock.adjust("20 seconds")
          expect(claims).toBeGreaterThan(10)
          expect(claims).toBeLessThan(100)
          lease.end()
          yield* until(() => runs.length === 2)
        })
      )
    })
  )

  it.scoped("can be asked to start a deployment again that it could not make known", () =>
    Effect.gen(function* () {
      const lease = yield* troubled
      const runs: Array<Run> = []
      yield* onNode(lease.service, (start) =>
        Effect.gen(function* () {
          lease.begin(refuses)
          expect(yield* Effect.flip(start("set", [lasting(runs)]))).toBeInstanceOf(Lease.ProcessLeaseError)
          lease.end()
          yield* start("set", [lasting(runs)])
          yield* until(() => runs.length === 1)
        })
      )
    })
  )

  it.scoped("closes in time even when the lease does not let go of its processes", () =>
    Effect.gen(function* () {
      const lease = yield* troubled
      const runs: Array<Run> = []
      yield* onNode(lease.service, (start) =>
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
        })
      )
    })
  )
})

/** Runs a test on a node with this lease, and lets time pass while the node ends. */
const onNode = <E>(
  lease: Lease.Operations,
  test: (
    start: typeof DistributedProcessing.start
  ) => Effect.Effect<void, E, DistributedProcessing.DistributedProcessing | Scope.Scope>
) => {
  const node = DistributedProcessing.layerLocal.pipe(Layer.provide(Layer.succeed(ProcessLease.ProcessLease, lease)))
  return Effect.provide(Effect.scoped(test(DistributedProcessing.start)), node)
}

/** A lease in memory of which the operations that a node uses can be made to go wrong. */
const troubled = Effect.map(Effect.provide(ProcessLease.ProcessLease, ProcessLease.layerMemory), (lease) => {
  const none: Trouble = (operation) => operation
  let trouble = none
  const through = <A, E>(operation: Effect.Effect<A, E>) => Effect.suspend(() => trouble(operation))
  const service: Lease.Operations = {
    ...lease,
    register: (deployment, processes) => through(lease.register(deployment, processes)),
    list: (deployment) => through(lease.list(deployment)),
    claim: (process, runner, silence) => through(lease.claim(process, runner, silence)),
    beat: (beats) => through(lease.beat(beats)),
    release: (fence) => through(lease.release(fence)),
    revoke: (deployment, index) => through(lease.revoke(deployment, index))
  }
  return { service, begin: (next: Trouble) => void (trouble = next), end: () => void (trouble = none) }
})
