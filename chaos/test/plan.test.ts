/** What is done and when is decided by the seed, and by nothing else. */
import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Plan from "../src/journal/plan.js"

const seeds = fc.nat()
const sizes = fc.integer({ min: 10_000, max: 20_000_000 })

describe("a plan", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(Plan.make(1, 1_000_000)).toEqual(Plan.make(1, 1_000_000))
    expect(Plan.make(1, 1_000_000)).not.toEqual(Plan.make(2, 1_000_000))
  })

  it("has every kind of fault, one after the other, before the last event is written", () =>
    fc.assert(
      fc.property(seeds, sizes, (seed, events) => {
        const plan = Plan.make(seed, events)
        expect(new Set(plan.map(({ kind }) => kind)).size).toBe(5)
        for (const [i, { at, dice }] of plan.entries()) {
          expect(at).toBeGreaterThan(plan[i - 1]?.at ?? 0)
          expect(at).toBeLessThan(events)
          expect(dice >= 0 && dice < 1).toBe(true)
        }
      })
    ))

  it("has more faults where there are more events, but Postgres goes down eight times at the most", () => {
    expect(Plan.make(1, 10_000)).toHaveLength(5)
    expect(Plan.make(1, 1_000_000)).toHaveLength(18)
    expect(Plan.make(1, 10_000_000)).toHaveLength(148)
  })
})
