import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc, Option } from "effect"
import * as Placement from "../src/internal/placement.js"

const runnerNames = (count: number) => Array.from({ length: count }, (_, i) => `node-${i}:1`)

describe("placement", () => {
  it("is even, for every number of processes and runners", () => {
    for (let processes = 1; processes <= 48; processes++) {
      for (let runners = 1; runners <= 7; runners++) {
        const placed = Placement.balance(nowhere(processes), runnerNames(runners))
        expect(placed.size).toBe(processes)
        expect(spreadOf(placed, runnerNames(runners))).toBeLessThanOrEqual(1)
      }
    }
  })

  it("moves the fewest processes that make it even, from any placement", () => {
    fc.assert(
      fc.property(placements, ({ at, runners }) => {
        const processes = at.map((runner, index) => ({ index, at: runner, avoid: noRunner }))
        const placed = Placement.balance(processes, runners)
        expect(placed.size).toBe(at.length)
        expect(spreadOf(placed, runners)).toBeLessThanOrEqual(1)
        const moved = processes.filter((_) => Option.isSome(_.at) && placed.get(_.index) !== _.at.value).length
        expect(moved).toBe(fewestMoves(at, runners))
      })
    )
  })

  it("moves nothing when it is asked again", () => {
    fc.assert(
      fc.property(placements, ({ at, runners }) => {
        const first = Placement.balance(
          at.map((runner, index) => ({ index, at: runner, avoid: noRunner })),
          runners
        )
        const again = Placement.balance(
          at.map((_, index) => ({ index, at: Option.fromNullable(first.get(index)), avoid: noRunner })),
          runners
        )
        expect([...again].toSorted()).toEqual([...first].toSorted())
      })
    )
  })

  it("never places a process on a runner that it avoids", () => {
    const avoid = new Set(["node-0:1"])
    const processes = Array.from({ length: 5 }, (_, index) => ({ index, at: Option.some("node-0:1"), avoid }))
    const placed = Placement.balance(processes, runnerNames(3))
    expect([...placed.values()]).not.toContain("node-0:1")
    expect(placed.size).toBe(5)
  })

  it("places nothing where there is no runner", () => {
    expect(Placement.balance(nowhere(3), []).size).toBe(0)
  })
})

const noRunner: ReadonlySet<string> = new Set()
const nowhere = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ index, at: Option.none<string>(), avoid: noRunner }))

const countsOf = (placed: Iterable<string>, runners: ReadonlyArray<string>) => {
  const counts = new Map(runners.map((runner) => [runner, 0]))
  for (const runner of placed) counts.set(runner, (counts.get(runner) ?? 0) + 1)
  return [...counts.values()]
}
const spreadOf = (placed: ReadonlyMap<number, string>, runners: ReadonlyArray<string>) => {
  const counts = countsOf(placed.values(), runners)
  return Math.max(...counts) - Math.min(...counts)
}

/** By counting: whoever has more than its share must give up the excess, and the larger shares go to the fullest. */
const fewestMoves = (at: ReadonlyArray<Option.Option<string>>, runners: ReadonlyArray<string>) => {
  const homes = at.flatMap((runner) => (Option.isSome(runner) ? [runner.value] : []))
  const counts = countsOf(homes, runners).toSorted((a, b) => b - a)
  const share = Math.floor(at.length / runners.length)
  const larger = at.length % runners.length
  return counts.reduce((moves, count, rank) => moves + Math.max(0, count - share - (rank < larger ? 1 : 0)), 0)
}

const placements = fc.integer({ min: 1, max: 7 }).chain((count) => {
  const runners = runnerNames(count)
  return fc
    .array(fc.option(fc.constantFrom(...runners), { nil: undefined }), { minLength: 1, maxLength: 48 })
    .map((at) => ({ runners, at: at.map((runner) => Option.fromNullable(runner)) }))
})
