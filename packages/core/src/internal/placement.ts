/**
 * Which runner each process of a deployment belongs to. Pure.
 *
 * First as even as it can be, by weight: one process after the other goes where a runner has the least for its weight,
 * which is Webster's way to give out seats. Runners of the same weight differ by one at the most, unless processes avoid
 * some of them. Then, of all such placements, one with the fewest moves.
 *
 * It is a flow of least cost, on a graph whose nodes are the runners: an edge is the process that is the cheapest to move
 * from one to the other. As long as some way through it makes the placement more even, or as even with fewer moves, the
 * processes along it move; when there is none left, no placement is better.
 */
import { Option } from "effect"
import type { Runner } from "../Lease.js"
import { shortestPaths } from "./shortestPaths.js"

/** A process and the live runner that has it now, if any; and the runners that it must not go to. */
export interface Placed {
  readonly index: number
  readonly at: Option.Option<string>
  readonly avoid: ReadonlySet<string>
}

/** The process that would go, and how many moves that makes: one away from home is one more, one back one less. */
interface Edge {
  readonly process: number
  readonly moves: number
}

/** What a way through the graph changes: `uneven` is negative where the placement becomes more even. */
interface Change {
  readonly uneven: number
  readonly moves: number
  readonly nodes: ReadonlyArray<number>
}

const nothing: Change = { uneven: 0, moves: 0, nodes: [] }

const isBetter = (a: Change, b: Change) => a.uneven < b.uneven || (a.uneven === b.uneven && a.moves < b.moves)

/** The runner of each process by index. Without one are those that avoid every runner. */
export const balance = (
  processes: ReadonlyArray<Placed>,
  runners: ReadonlyArray<Runner>
): ReadonlyMap<number, string> => {
  const numbers = new Map(runners.map(({ name }, number) => [name, number]))
  const mayGo = processes.map(({ avoid }) => runners.map(({ name }) => !avoid.has(name)))
  const homes = processes.map(({ at, avoid }) =>
    Option.getOrUndefined(Option.flatMapNullable(at, (name) => (avoid.has(name) ? undefined : numbers.get(name))))
  )
  const places = [...homes]
  const loads = runners.map((_, runner) => homes.filter((home) => home === runner).length)

  /** What the n-th process of a runner costs: as much as any other's with the same share of the weight. */
  const price = (runner: number, n: number) => (2 * n - 1) / (runners[runner]?.weight ?? 1)
  const next = (runner: number) => price(runner, (loads[runner] ?? 0) + 1)
  const last = (runner: number) => price(runner, loads[runner] ?? 0)

  const moveTo = (process: number, to: number) => {
    const from = places[process]
    if (from !== undefined) loads[from] = (loads[from] ?? 0) - 1
    loads[to] = (loads[to] ?? 0) + 1
    places[process] = to
  }

  const movesOf = (process: number, to: number): number => {
    const home = homes[process]
    return home === undefined ? 0 : (to === home ? 0 : 1) - (places[process] === home ? 0 : 1)
  }

  const edgesOf = (): ReadonlyArray<ReadonlyArray<Edge | undefined>> => {
    const edges = runners.map(() => runners.map((): Edge | undefined => undefined))
    for (const [process, place] of places.entries()) {
      const row = place === undefined ? undefined : edges[place]
      if (row === undefined) continue
      for (const to of runners.keys()) {
        if (to === place || mayGo[process]?.[to] !== true) continue
        const moves = movesOf(process, to)
        // of equals the last one goes
        if (moves <= (row[to]?.moves ?? Number.POSITIVE_INFINITY)) row[to] = { process, moves }
      }
    }
    return edges
  }

  const improve = (): boolean => {
    const edges = edgesOf()
    const way = shortestPaths(edges.map((row) => row.map((edge) => edge?.moves)))
    const changes = [...runners.keys()].flatMap((from) =>
      [...runners.keys()].flatMap((to): ReadonlyArray<Change> => {
        const found = from === to ? undefined : way(from, to)
        return found === undefined ? [] : [{ uneven: next(to) - last(from), moves: found.length, nodes: found.nodes }]
      })
    )
    const best = changes.reduce((a, b) => (isBetter(b, a) ? b : a), nothing)
    for (const [i, to] of best.nodes.slice(1).entries()) {
      const edge = edges[best.nodes[i] ?? to]?.[to]
      if (edge !== undefined) moveTo(edge.process, to)
    }
    return best !== nothing
  }

  // whoever is nowhere is no move, wherever it goes; what is uneven then is put right below
  for (const [process, home] of homes.entries()) {
    if (home !== undefined) continue
    const open = [...runners.keys()].filter((runner) => mayGo[process]?.[runner] === true)
    const to = open.reduce<number | undefined>((a, b) => (a === undefined || next(b) < next(a) ? b : a), undefined)
    if (to !== undefined) moveTo(process, to)
  }
  while (improve());

  return new Map(
    processes.flatMap(({ index }, i) => {
      const place = places[i]
      const runner = place === undefined ? undefined : runners[place]
      return runner === undefined ? [] : [[index, runner.name] as const]
    })
  )
}
