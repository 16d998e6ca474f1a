// What a node says of itself: its weight, and by its roles which deployments it hosts.
import { DistributedProcessing, ProcessLease } from "@aecor/core"
import { TestCluster } from "@aecor/core/testing"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, type Scope, TestClock } from "effect"
import { silence } from "../src/internal/deploymentSettings.js"
import { onLayer, until } from "../src/testing/internal/patience.js"
import { lasting, type Run } from "../src/testing/internal/processRuns.js"

const { health, start, status } = DistributedProcessing

describe("a node", () => {
  it("has a weight that is a whole number", () => {
    for (const weight of [0, -1, 1.5, 1001, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => DistributedProcessing.layerClusterWith({ weight })).toThrow(
        new RangeError(`the weight of a node is a whole number from 1 to 1000, not ${weight}`)
      )
    }
  })

  test(
    "says that it hosts the deployments of its roles and those that ask for none, and its weight",
    { weight: 3, roles: ["projector", "mailer"] },
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const [free, own, other]: [Array<Run>, Array<Run>, Array<Run>] = [[], [], []]
      yield* start("free", [lasting(free)])
      yield* start("own", [lasting(own)], { role: "mailer" })
      yield* start("other", [lasting(other)], { role: "web" })
      yield* until(() => free.length === 1 && own.length === 1)
      yield* TestClock.adjust("30 seconds")
      expect(other).toEqual([])
      expect(yield* status("other")).toMatchObject([{ actual: "Waiting", desired: true }])
      expect(yield* health()).toMatchObject({ ready: false, late: [{ deployment: "other" }] })
      for (const [name, weights] of [
        ["free", [3]],
        ["own", [3]],
        ["other", []]
      ] as const) {
        expect((yield* lease.runners(name, silence)).map((_) => _.weight)).toEqual(weights)
      }
    })
  )

  test(
    "has no role by itself",
    {},
    Effect.gen(function* () {
      const runs: Array<Run> = []
      yield* start("set", [lasting(runs)], { role: "web" })
      yield* TestClock.adjust("30 seconds")
      expect(runs).toEqual([])
    })
  )
})

function test<E>(
  sentence: string,
  node: DistributedProcessing.NodeSettings,
  body: Effect.Effect<void, E, DistributedProcessing.DistributedProcessing | ProcessLease.ProcessLease | Scope.Scope>
) {
  const host = DistributedProcessing.layerClusterWith(node).pipe(
    Layer.provide(TestCluster.layer),
    Layer.provideMerge(ProcessLease.layerMemory)
  )
  it.effect(sentence, () => onLayer(body, host))
}
