import type { Lease } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { FastCheck as fc, Option } from "effect"
import * as Placement from "../src/internal/placement.js"
import { everyPlacement, fewestMoves, loadsOf, unevenness, webster } from "./fixtures/placements.js"

/** Every number of processes and of runners that is looked at. */
const sizes = Array.from({ length: 48 * 7 }, (_, i) => ({ processes: 1 + (i % 48), runners: 1 + Math.floor(i / 48) }))

describe("placement", () => {
  it("is even after the fewest moves, for every number of processes and runners, from any placement", () => {
    for (const size of sizes) {
      const given = fc.record({ runners: equalRunners(size.runners), at: places(size) })
      fc.assert(
        fc.property(given, ({ at, runners }) => {
          const placed = balance(at, runners)
          expect(placed.size).toBe(at.length)
          const loads = loadsOf(placed.values(), runners)
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
          expect(movesOf(at, placed)).toBe(fewestMoves(at, runners))
        }),
        { numRuns: 5 }
      )
    }
  })

  it("is even by weight after the fewest moves, for every number of processes and runners, from any placement", () => {
    for (const size of sizes) {
      const given = fc.record({ runners: weightedRunners(size.runners), at: places(size) })
      fc.assert(
        fc.property(given, ({ at, runners }) => {
          const placed = balance(at, runners)
          const loads = loadsOf(placed.values(), runners)
          // whoever has a seat that the turns of one runner after the other would not have given has an equal claim to it
          expect(unevenness(loads, runners)).toBeCloseTo(unevenness(webster(at.length, runners), runners), 6)
          for (const [i, one] of runners.entries()) {
            for (const [j, other] of runners.entries()) {
              if (one.weight !== other.weight) continue
              expect(Math.abs((loads[i] ?? 0) - (loads[j] ?? 0))).toBeLessThanOrEqual(1)
            }
          }
          expect(movesOf(at, placed)).toBe(fewestMoves(at, runners))
        }),
        { numRuns: 5 }
      )
    }
  })

  it("gives a runner of twice the weight twice as many", () => {
    const runners = [runner(0, 2), runner(1, 1), runner(2, 1)]
    expect(loadsOf(balance(nowhere(12), runners).values(), runners)).toEqual([6, 3, 3])
  })

  it("leaves no better placement, though processes avoid runners: none more even, none as even with fewer moves", () => {
    const given = avoiding({ runners: 3, processes: 5 })
    fc.assert(
      fc.property(given, ({ processes, runners }) => {
        const placed = Placement.balance(
          processes.map(({ at, avoid }, index) => ({ index, at, avoid: new Set(avoid) })),
          runners
        )
        const found = processes.map((_, index) => placed.get(index))
        const all = everyPlacement(processes, runners)
        const judged = (placement: ReadonlyArray<string | undefined>) => ({
          uneven: unevenness(loadsOf(placement, runners), runners),
          moves: processes.filter(({ at, avoid }, i) =>
            Option.exists(at, (home) => isLive(home, runners) && !avoid.includes(home) && placement[i] !== home)
          ).length
        })
        const its = judged(found)
        for (const other of all.map(judged)) {
          const isMoreEven = other.uneven < its.uneven - 1e-9
          const isAsEven = Math.abs(other.uneven - its.uneven) <= 1e-9
          expect(isMoreEven || (isAsEven && other.moves < its.moves)).toBe(false)
        }
      }),
      { numRuns: 10_000 }
    )
  })

  it("never places a process on a runner that it avoids, and every process that may go somewhere", () => {
    const given = avoiding({ runners: 7, processes: 48 })
    fc.assert(
      fc.property(given, ({ processes, runners }) => {
        const of = (at: (index: number) => Option.Option<string>) =>
          Placement.balance(
            processes.map(({ avoid }, index) => ({ index, at: at(index), avoid: new Set(avoid) })),
            runners
          )
        const placed = of((index) => processes[index]?.at ?? Option.none())
        for (const [index, { avoid }] of processes.entries()) {
          const its = placed.get(index)
          expect(its === undefined).toBe(avoid.length === runners.length)
          expect(avoid).not.toContain(its)
        }
        // asked again it moves nothing
        expect([...of((index) => Option.fromNullable(placed.get(index)))].toSorted()).toEqual([...placed].toSorted())
      })
    )
  })

  it("places nothing where there is no runner", () => {
    expect(balance(nowhere(3), []).size).toBe(0)
  })
})

const runner = (number: number, weight = 1): Lease.Runner => ({ name: `node-${number}:1`, weight })
const isLive = (name: string, runners: ReadonlyArray<Lease.Runner>) => runners.some((_) => _.name === name)

const equalRunners = (count: number) => fc.constant(Array.from({ length: count }, (_, i) => runner(i)))
const weightedRunners = (count: number) =>
  fc
    .array(fc.integer({ min: 1, max: 5 }), { minLength: count, maxLength: count })
    .map((weights) => weights.map((weight, i) => runner(i, weight)))

/** Where a process is: nowhere, on one of so many runners, or on one that is gone. */
const place = (runners: number) =>
  fc
    .option(fc.integer({ min: 0, max: runners }), { nil: undefined })
    .map((number) => Option.map(Option.fromNullable(number), (_) => runner(_).name))
const places = (size: { readonly processes: number; readonly runners: number }) =>
  fc.array(place(size.runners), { minLength: size.processes, maxLength: size.processes })

/** Up to so many processes, each anywhere and with runners that it avoids. */
const avoiding = (most: { readonly processes: number; readonly runners: number }) =>
  fc.integer({ min: 1, max: most.runners }).chain((count) =>
    weightedRunners(count).chain((runners) => {
      const process = fc.record({ at: place(count), avoid: fc.subarray(runners.map((_) => _.name)) })
      return fc.array(process, { minLength: 1, maxLength: most.processes }).map((processes) => ({ runners, processes }))
    })
  )

const nowhere = (count: number) => Array.from({ length: count }, () => Option.none<string>())

const balance = (at: ReadonlyArray<Option.Option<string>>, runners: ReadonlyArray<Lease.Runner>) =>
  Placement.balance(
    at.map((its, index) => ({
      index,
      at: Option.filter(its, (name) => isLive(name, runners)),
      avoid: new Set<string>()
    })),
    runners
  )

const movesOf = (at: ReadonlyArray<Option.Option<string>>, placed: ReadonlyMap<number, string>) =>
  at.filter((home, index) => Option.exists(home, (name) => name.startsWith("node") && placed.get(index) !== name))
    .length
