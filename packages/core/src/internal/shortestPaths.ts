/** The shortest ways between all nodes of a small graph, by Floyd and Warshall. No cycle may have a negative length. */

/** The length of each edge, by its two ends; undefined where there is none. */
export type Lengths = ReadonlyArray<ReadonlyArray<number | undefined>>

export interface Way {
  readonly length: number
  /** All nodes on it, both ends included. */
  readonly nodes: ReadonlyArray<number>
}

/** The shortest way from a node to another; undefined where there is none. */
export const shortestPaths = (lengths: Lengths): ((from: number, to: number) => Way | undefined) => {
  const nodes = [...lengths.keys()]
  const shortest = lengths.map((row, from) =>
    nodes.map((to) => (from === to ? 0 : (row[to] ?? Number.POSITIVE_INFINITY)))
  )
  const next = nodes.map(() => [...nodes])
  const lengthOf = (from: number, to: number) => shortest[from]?.[to] ?? Number.POSITIVE_INFINITY
  for (const via of nodes) {
    for (const from of nodes) {
      const first = next[from]?.[via]
      for (const to of nodes) {
        const through = lengthOf(from, via) + lengthOf(via, to)
        if (through >= lengthOf(from, to) || first === undefined) continue
        shortest[from]?.splice(to, 1, through)
        next[from]?.splice(to, 1, first)
      }
    }
  }
  return (from, to) => {
    const length = lengthOf(from, to)
    if (!Number.isFinite(length)) return undefined
    const way = [from]
    for (let at = from; at !== to; way.push(at)) at = next[at]?.[to] ?? to
    return { length, nodes: way }
  }
}
