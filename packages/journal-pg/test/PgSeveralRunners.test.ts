/** Processes on several runners of one cluster: even placement, joining, leaving in good order, and the kill switch. */
import { describe, expect } from "@effect/vitest"
import { Effect } from "effect"
import { testOnCluster, testOnTwo } from "./fixtures/severalRunners.js"

describe("processes on several runners", () => {
  testOnTwo(
    "are spread evenly, go to one that joins and from one that leaves with the fewest moves, and never run twice meanwhile",
    ({ cluster, first, second }) =>
      Effect.gen(function* () {
        const before = cluster.places()
        const joined = yield* cluster.start()
        yield* cluster.untilPlaced({ [first.name]: 4, [second.name]: 4, [joined.name]: 4 })
        const after = cluster.places()
        expect(moved(before, after)).toBe(4)
        yield* second.stop
        yield* cluster.untilPlaced({ [first.name]: 6, [joined.name]: 6 })
        expect(moved(after, cluster.places())).toBe(4)
      })
  )

  testOnTwo(
    "all stop when one node's kill switch says so, stay stopped when a node joins, and are resumed from another node",
    ({ cluster, first, second }) =>
      Effect.gen(function* () {
        yield* first.killSwitch.shutdown
        expect(cluster.running()).toEqual([])
        const third = yield* cluster.start()
        yield* Effect.sleep("5 seconds")
        expect(cluster.running()).toEqual([])
        yield* third.killSwitch.resume
        yield* cluster.untilPlaced({ [first.name]: 4, [second.name]: 4, [third.name]: 4 })
      })
  )

  testOnTwo("are spread by the weights of the nodes", ({ cluster, first, second }) =>
    Effect.gen(function* () {
      const before = cluster.places()
      const heavy = yield* cluster.start({ node: { weight: 2 } })
      yield* cluster.untilPlaced({ [first.name]: 3, [second.name]: 3, [heavy.name]: 6 })
      expect(moved(before, cluster.places())).toBe(6)
    })
  )

  testOnCluster("run only on nodes of the role that their deployment asks for", (cluster) =>
    Effect.gen(function* () {
      const settings = { role: "projector" }
      const plain = yield* cluster.start({ settings })
      const one = yield* cluster.start({ settings, node: { roles: ["projector"] } })
      yield* cluster.untilPlaced({ [one.name]: 12 })
      const other = yield* cluster.start({ settings, node: { roles: ["web", "projector"] } })
      yield* cluster.untilPlaced({ [one.name]: 6, [other.name]: 6 })
      const error = yield* Effect.flip(plain.killSwitch.process(0).moveTo(plain.name))
      expect(error).toMatchObject({ _tag: "UnknownRunner", runners: [one.name, other.name].toSorted() })
      yield* one.stop
      yield* other.stop
      yield* Effect.sleep("5 seconds")
      expect(cluster.running()).toEqual([])
      // a node without the role steers nevertheless
      yield* plain.killSwitch.shutdown
    })
  )
})

/** How many processes run elsewhere than before. */
const moved = (before: ReadonlyMap<number, string>, after: ReadonlyMap<number, string>): number =>
  [...after].filter(([index, runner]) => before.get(index) !== runner).length
