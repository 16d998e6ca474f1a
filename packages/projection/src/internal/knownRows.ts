/**
 * What a process knows of rows without asking: those that it has committed itself, the last ones written, and those whose
 * events begin in the page.
 *
 * Nobody else writes to a row while its process runs: the fence keeps other runs out, and a replay stops the processes
 * first. A key that is set aside may be tried again by anybody, so of those nothing is known. It is as old as the run:
 * whatever goes wrong ends that, and the next one begins with what is stored.
 */
import type { EntityEvent, Offset } from "@aecor/core"
import { Effect } from "effect"
import type { Versioned } from "../View.js"
import type { Before, Folded } from "./fold.js"

export interface KnownRows<V> {
  /** What is known of the keys, with what is loaded of the others, where there are others. */
  readonly before: <X>(
    keys: ReadonlySet<string>,
    load: (others: ReadonlyArray<string>) => Effect.Effect<Before<V>, X>
  ) => Effect.Effect<Before<V>, X>
  /** What a page was folded to is stored. */
  readonly committed: (folded: Pick<Folded<V>, "rows" | "tombstones" | "entered">) => void
  readonly forget: () => void
}

/** At the most `limit` rows and tombstones are kept. */
export const knownRows = <V>(limit: number): KnownRows<V> => {
  const rows = new Map<string, Versioned<V>>()
  const tombstones = new Map<string, number>()

  /** Removes the oldest of a map: they stand in the order in which they were set. */
  const trim = (map: Map<string, unknown>, size: number) => {
    for (const key of map.keys()) {
      if (map.size <= size) return
      map.delete(key)
    }
  }
  const complete = (keys: ReadonlySet<string>, loaded: Before<V>): Before<V> => {
    const before = { rows: new Map(loaded.rows), tombstones: new Map(loaded.tombstones) }
    for (const key of keys) {
      const [row, dead] = [rows.get(key), tombstones.get(key)]
      if (row !== undefined) before.rows.set(key, row)
      if (dead !== undefined) before.tombstones.set(key, dead)
    }
    return before
  }

  return {
    before: (keys, load) => {
      const others = [...keys].filter((key) => !rows.has(key) && !tombstones.has(key))
      if (others.length === 0) return Effect.succeed({ rows, tombstones })
      return Effect.map(load(others), (loaded) => complete(keys, loaded))
    },
    committed: (folded) => {
      for (const [key, row] of folded.rows) {
        tombstones.delete(key)
        rows.delete(key)
        rows.set(key, row)
      }
      for (const [key, version] of folded.tombstones) {
        rows.delete(key)
        tombstones.delete(key)
        tombstones.set(key, version)
      }
      for (const key of folded.entered.keys()) {
        rows.delete(key)
        tombstones.delete(key)
      }
      trim(rows, limit)
      trim(tombstones, limit - rows.size)
    },
    forget: () => {
      rows.clear()
      tombstones.clear()
    }
  }
}

/**
 * The keys of a page whose row has to be there before it. One whose first event comes after the offset is folded from
 * nothing: should its row be there all the same, it is the fold of the same events or of more, and the commit keeps the
 * later one.
 */
export const continued = (
  page: ReadonlyArray<EntityEvent.EntityEvent<unknown>>,
  offset: Offset.Offset
): Set<string> => {
  const begun = new Set<string>()
  const others = new Set<string>()
  for (const { key, position, sequence } of page) {
    if (sequence === 1 && position > offset && !others.has(key)) begun.add(key)
    else if (!begun.has(key)) others.add(key)
  }
  return others
}
