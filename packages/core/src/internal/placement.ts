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

const isBetter = (a: Change, b: Change) => a.uneven < b.uneven || (a.uneven === b.uneven && a.moves < b.moves)

/** The runner of each process by index. Without one are those that avoid every runner. */
export const balance = (
  processes: ReadonlyArray<Placed>,
  runners: ReadonlyArray<Runner>
): ReadonlyMap<number, string> => {
  const numbers = new Map(runners.map(({ name }, number) => [name, number]))
  /** The place of a process that has none. It is a node of the graph, so that it is a way that brings a process in. */
  const nowhere = runners.length
  const homes = processes.map(({ at, avoid }) => {
    const home = Option.flatMapNullable(at, (name) => (avoid.has(name) ? undefined : numbers.get(name)))
    return Option.getOrElse(home, () => nowhere)
  })
  const mayGo = processes.map(({ avoid }) => runners.map(({ name }) => !avoid.has(name)))
  const places = [...homes]

  const movesOf = (process: number, to: number): number => {
    const home = homes[process]
    if (home === nowhere) return 0
    return (to === home ? 0 : 1) - (places[process] === home ? 0 : 1)
  }

  const edgesOf = (): ReadonlyArray<ReadonlyArray<Edge | undefined>> => {
    const edges = [...runners, undefined].map(() => runners.map((): Edge | undefined => undefined))
    for (const [process, place] of places.entries()) {
      for (const to of runners.keys()) {
        if (to === place || mayGo[process]?.[to] !== true) continue
        const moves = movesOf(process, to)
        // of equals the last one goes
        const known = edges[place]?.[to]
        if (known === undefined || moves <= known.moves) edges[place]?.splice(to, 1, { process, moves })
      }
    }
    return edges
  }

  const improve = (): boolean => {
    const loads = runners.map(() => 0)
    for (const place of places) if (place !== nowhere) loads[place] = (loads[place] ?? 0) + 1
    /** What the n-th process of a runner costs: as much as any other's with the same share of the weight. */
    const price = (runner: number, n: number) => (2 * n - 1) / (runners[runner]?.weight ?? 1)

    const edges = edgesOf()
    const way = shortestPaths(edges.map((row) => [...row.map((edge) => edge?.moves), undefined]))
    const changes = (from: number): ReadonlyArray<Change> =>
      [...runners.keys()].flatMap((to) => {
        const found = way(from, to)
        if (found === undefined || from === to) return []
        const before = from === nowhere ? 0 : price(from, loads[from] ?? 0)
        return [{ uneven: price(to, (loads[to] ?? 0) + 1) - before, moves: found.length, nodes: found.nodes }]
      })
    const nothing: Change = { uneven: 0, moves: 0, nodes: [] }
    // whoever has no place gets one, whatever that costs
    const [into] = changes(nowhere).toSorted((a, b) => (isBetter(a, b) ? -1 : 1))
    const best = into ?? [...runners.keys()].flatMap(changes).reduce((a, b) => (isBetter(b, a) ? b : a), nothing)
    for (const [i, to] of best.nodes.slice(1).entries()) {
      const edge = edges[best.nodes[i] ?? nowhere]?.[to]
      if (edge !== undefined) places[edge.process] = to
    }
    return best !== nothing
  }
  while (improve());

  return new Map(
    processes.flatMap(({ index }, i) => {
      const runner = runners[places[i] ?? nowhere]
      return runner === undefined ? [] : [[index, runner.name] as const]
    })
  )
}
