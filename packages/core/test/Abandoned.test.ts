// Runs that do not stop in time on a node that is cut off from its lease: nobody is told that they have while they may write.
import { DistributedProcessing, Lease, ProcessContext } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, type Scope, TestClock } from "effect"
import { Unfenced } from "../src/internal/abandonedRuns.js"
import { resolve, silence } from "../src/internal/deploymentSettings.js"
import * as Node from "../src/internal/node.js"
import { answered, begun, onLayer, outcomeOf, until } from "../src/testing/internal/patience.js"
import { alive, lasting, type Run, withHanging } from "../src/testing/internal/processRuns.js"
import * as Troubled from "./fixtures/troubledLease.js"

const settings = { shutdownTimeout: "2 seconds" } as const

describe("a run that does not stop when its node is cut off", () => {
  for (const [where, host] of [
    ["on this node", Troubled.onThisNode],
    ["in a cluster", Troubled.inCluster]
  ] as const) {
    Troubled.testOnTroubled(
      `is fenced before the kill switch answers, ${where}`,
      ({ lease, runs }) =>
        withHanging((hanging) =>
          Effect.gen(function* () {
            const killSwitch = yield* DistributedProcessing.start("set", [lasting(runs, hanging)], settings)
            yield* until(() => runs.length === 1)
            lease.begin(Troubled.refuses, ["beat", "claim"])
            yield* TestClock.adjust("10 seconds")
            yield* answered(killSwitch.shutdown)
            expect(runs).toHaveLength(1)
            expect(alive(runs)).toHaveLength(1)
            for (const { fence } of runs) yield* expectFenced(lease.service, fence)
          })
        ),
      host
    )

    Troubled.testOnTroubled(
      `makes the kill switch fail where nobody can fence it, ${where}`,
      ({ lease, runs }) =>
        withHanging((hanging) =>
          Effect.gen(function* () {
            const killSwitch = yield* DistributedProcessing.start("set", [lasting(runs, hanging)], settings)
            yield* until(() => runs.length === 1)
            lease.begin(Troubled.refuses, ["beat", "claim", "revoke"])
            yield* TestClock.adjust("10 seconds")
            const error = yield* Effect.flip(answered(killSwitch.shutdown))
            expect(error).toBeInstanceOf(Lease.ProcessLeaseError)
            lease.end()
            yield* answered(killSwitch.shutdown)
            for (const { fence } of runs) yield* expectFenced(lease.service, fence)
          })
        ),
      host
    )
  }

  testOnNode("is fenced by a later Stop, when its own could not do it", ({ host, lease, node, runs }) =>
    withHanging((hanging) =>
      Effect.gen(function* () {
        yield* begun(host(lasting(runs, hanging)))
        lease.begin(Troubled.refuses, ["beat", "claim", "revoke"])
        yield* TestClock.adjust("10 seconds")
        for (const _ of [1, 2]) expect(yield* Effect.flip(answered(node.stop(theProcess)))).toBeInstanceOf(Unfenced)
        lease.end()
        for (const { fence } of runs) yield* lease.service.check(fence)
        yield* answered(node.stop(theProcess))
        for (const { fence } of runs) yield* expectFenced(lease.service, fence)
      })
    )
  )

  testOnNode("leaves alone whoever has the process since", ({ host, lease, node, runs }) =>
    withHanging((hanging) =>
      Effect.gen(function* () {
        yield* begun(host(lasting(runs, hanging)))
        lease.begin(Troubled.refuses, ["beat", "claim"])
        yield* TestClock.adjust("10 seconds")
        lease.end()
        const claim = yield* lease.service.claim(theProcess, "another", silence)
        yield* answered(node.stop(theProcess))
        if (claim._tag !== "Claimed") return yield* Effect.dieMessage(`the claim is ${claim._tag}`)
        yield* lease.service.check(claim.fence)
      })
    )
  )

  testOnNode("is closed after all when it ends", ({ host, node, runs }) =>
    withHanging((hanging, letGo) =>
      Effect.gen(function* () {
        let closed = false
        const close = Effect.addFinalizer(() => Effect.sync(() => void (closed = true)))
        yield* begun(host(Effect.zipRight(close, lasting(runs, hanging))))
        yield* answered(node.stop(theProcess))
        expect(closed).toBe(false)
        yield* letGo
        yield* until(() => closed)
      })
    )
  )
})

describe("a Stop that meets a run which is being stopped already", () => {
  testOnNode("ends its hosting, though the lease is back", ({ host, lease, node, runs }) =>
    Effect.gen(function* () {
      yield* begun(host(lasting(runs, Effect.sleep("1 second"))))
      lease.begin(Troubled.refuses, ["beat"])
      yield* TestClock.adjust("3250 millis")
      expect((yield* lease.service.list("set")).map((_) => _.state)).toEqual([Option.some("Running")])
      const stopping = yield* Effect.fork(node.stop(theProcess))
      lease.end()
      yield* outcomeOf(stopping)
      yield* TestClock.adjust("10 seconds")
      expect(runs).toHaveLength(1)
      expect(alive(runs)).toEqual([])
    })
  )
})

const theProcess = { deployment: "set", index: 0, generation: 0 }

interface Given {
  readonly lease: Troubled.Troubled
  readonly node: Node.Node
  readonly runs: Array<Run>
  readonly host: (recipe: Parameters<Node.Node["host"]>[1]) => Effect.Effect<void>
}

/** Registers a test on a node alone, with one process to host, whose lease can be made to go wrong. */
function testOnNode<E>(sentence: string, body: (given: Given) => Effect.Effect<void, E, Scope.Scope>) {
  it.effect(sentence, () =>
    onLayer(
      Effect.gen(function* () {
        const lease = Troubled.troubledOf(yield* Troubled.newLease)
        yield* lease.service.register(theProcess.deployment, 1)
        const node = yield* Node.make("a", lease.service)
        const host: Given["host"] = (recipe) => node.host(theProcess, recipe, resolve(settings))
        yield* body({ lease, node, runs: [], host })
      }),
      Layer.empty
    )
  )
}

const expectFenced = (lease: Lease.Operations, fence: ProcessContext.Fence) =>
  Effect.map(Effect.flip(lease.check(fence)), (error) => expect(error).toBeInstanceOf(ProcessContext.Fenced))
