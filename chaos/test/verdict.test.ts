// What the judge of processes' writes counts, and how long a process is said to have been without one.
import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Trial from "../src/processing/trial.js"
import * as Verdict from "../src/processing/verdict.js"

/** Writes of one process, as pairs of epoch and number. */
const judged = (...writes: ReadonlyArray<readonly [epoch: number, n: number]>) => {
  const { see, verdict } = Verdict.makeJudge()
  for (const [epoch, n] of writes) see({ process: "set/0", epoch, n })
  return verdict()
}

const clean = { staleWrites: 0, lost: 0, twice: 0, outOfOrder: 0 }

describe("the verdict", () => {
  it("is clean for numbers that follow each other in epochs that do not go back, of each process", () => {
    const { see, verdict } = Verdict.makeJudge()
    for (let n = 1; n <= 20; n++) for (const process of ["a/0", "a/1", "b/0"]) see({ process, n, epoch: n >> 2 })
    expect(verdict()).toEqual({ writes: 60, ...clean })
  })

  it("tells a zombie that repeats what its successor has written", () => {
    expect(judged([1, 1], [1, 2], [2, 3], [1, 3], [2, 4])).toEqual({ ...clean, writes: 5, staleWrites: 1, twice: 1 })
  })

  it("tells a number that never came from one that came late", () => {
    expect(judged([1, 1], [1, 3], [1, 4])).toEqual({ ...clean, writes: 3, lost: 1 })
    expect(judged([1, 1], [1, 3], [1, 2], [1, 4])).toEqual({ ...clean, writes: 4, outOfOrder: 1 })
    expect(judged([1, 2])).toEqual({ ...clean, writes: 1, lost: 1 })
  })

  it("finds every single change to a clean history", () => {
    const length = fc.integer({ min: 2, max: 30 })
    const change = fc.constantFrom("leave out" as const, "repeat" as const, "swap" as const, "stale" as const)
    fc.assert(
      fc.property(length, fc.nat(), change, (count, place, what) => {
        const writes = Array.from({ length: count }, (_, i) => [1 + Math.floor(i / 5), i + 1] as const)
        // the last can be missing without being missed: nobody knows that it was to come
        const i = place % (count - 1)
        const [one, next] = [writes[i], writes[i + 1]]
        if (one === undefined || next === undefined) return
        const changed = {
          "leave out": writes.toSpliced(i, 1),
          repeat: writes.toSpliced(i, 0, one),
          swap: writes.toSpliced(i, 2, next, one),
          stale: writes.toSpliced(i + 1, 1, [one[0] - 1, next[1]])
        }[what]
        const { writes: _, ...counts } = judged(...changed)
        expect(Object.values(counts).some((n) => n > 0)).toBe(true)
      })
    )
  })
})

describe("the time of a failover", () => {
  const write = (process: string, at: number, runner = "a"): Verdict.Write => ({ process, at, runner, n: 0, epoch: 0 })
  const pauses = new Map([
    ["x", 100],
    ["y", 100]
  ])

  it("is that of the last process to write again, without its usual pause", () => {
    const writes = [write("x", 50), write("x", 300, "b"), write("y", 900, "b"), write("x", 700, "b")]
    const gap = { _tag: "gap", from: 100, processes: ["x", "y"] } as const
    expect(Trial.took(gap, writes, pauses)).toBe(800)
    expect(Trial.took({ ...gap, processes: ["x"] }, writes, pauses)).toBe(300)
  })

  it("does not count what a node still writes that is about to leave", () => {
    const writes = [write("x", 150), write("x", 400, "b")]
    expect(Trial.took({ _tag: "elsewhere", from: 100, processes: ["x"], leaving: "a" }, writes, pauses)).toBe(300)
  })

  it("leaves out processes that take their time to stop", () => {
    const writes = [write("x", 150), write("slow", 3000, "b")]
    expect(Trial.took({ _tag: "gap", from: 100, processes: ["x", "slow"] }, writes, pauses)).toBe(50)
  })
})

it("the spread is that between the fullest node and the emptiest, which may have none", () => {
  expect(Verdict.spreadOf(["a", "a", "b"], ["a", "b"])).toBe(1)
  expect(Verdict.spreadOf(["a", "a", "b"], ["a", "b", "c"])).toBe(2)
  expect(Verdict.spreadOf([], [])).toBe(0)
})
