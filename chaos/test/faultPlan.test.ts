// What is planned to be done to the nodes.
import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Plan from "../src/processing/plan.js"

const any = () => true
const all = ({ alone, bursts }: Plan.Plan) => [...alone, ...bursts.flat()]

describe("the plan of faults", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(Plan.make(7, 100, any)).toEqual(Plan.make(7, 100, any))
    expect(Plan.make(7, 100, any)).not.toEqual(Plan.make(8, 100, any))
  })

  it("holds as many faults as it was asked for", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 400 }), (seed, faults) => {
        expect(all(Plan.make(seed, faults, any))).toHaveLength(faults)
      })
    )
  })

  it("holds every kind that there is when there are many, and none that there is not", () => {
    const has = (kind: Plan.Kind) => kind !== "pooler"
    const found = new Set(all(Plan.make(3, 300, has)).map(({ kind }) => kind))
    expect([...found].toSorted()).toEqual(Plan.kinds.filter(has).toSorted())
  })

  it("never leaves fewer than two nodes, or more than five, by what comes alone", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 300 }), (seed, faults) => {
        let nodes = Plan.firstNodes
        for (const { kind } of Plan.make(seed, faults, any).alone) {
          if (kind === "join") nodes += 1
          if (kind.startsWith("kill9") || kind === "term") nodes -= 1
          expect(nodes).toBeGreaterThanOrEqual(2)
          expect(nodes).toBeLessThanOrEqual(5)
        }
      })
    )
  })

  it("freezes for 5 to 60 seconds, and no longer than 7 in a quick run", () => {
    const longest = (faults: number) =>
      Math.max(
        ...Array.from({ length: 50 }, (_, seed) => all(Plan.make(seed, faults, any)))
          .flat()
          .map((fault) => (fault.kind === "freeze" ? fault.millis : 0))
      )
    expect(longest(Plan.quick)).toBeLessThanOrEqual(7000)
    expect(longest(300)).toBeGreaterThan(50_000)
    expect(longest(300)).toBeLessThanOrEqual(60_000)
  })
})
