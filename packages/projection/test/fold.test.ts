import type { EntityEvent } from "@aecor/core"
import { GapNotHealed } from "../src/ProjectionError.js"
import { describe, expect, it } from "@effect/vitest"
import { Either, FastCheck, Option } from "effect"
import { fill, foldPage, gapsIn } from "../src/internal/fold.js"

describe("the fold of a page", () => {
  it.prop(
    "with its gaps filled goes on without a hole, whatever was seen before and whatever is missing or doubled",
    {
      seen: FastCheck.nat(12),
      kept: FastCheck.array(FastCheck.tuple(FastCheck.nat(2), FastCheck.integer({ min: 1, max: 20 })))
    },
    ({ kept, seen }) => {
      const page = kept.map(([key, sequence]) => event(`k-${key}`, sequence))
      const before = { rows: new Map([["k-0", { version: seen, view: upTo(seen) }]]), tombstones: new Map() }
      const gaps = gapsIn(page, before, new Map())
      const found = new Map(gaps.map(({ from, index, key, to }) => [index, between(key, from, to)]))
      const folded = Either.getOrThrow(foldPage(halting, fill(page, found), before))

      const highest = new Map<string, number>()
      for (const { key, sequence } of page) highest.set(key, Math.max(sequence, highest.get(key) ?? 0))
      if ((highest.get("k-0") ?? 0) <= seen) highest.delete("k-0")
      expect(folded.rows).toEqual(
        new Map([...highest].map(([key, version]) => [key, { version, view: upTo(version) }]))
      )
      const already = highest.has("k-0") ? seen : 0
      expect(folded.events).toBe([...highest.values()].reduce((sum, version) => sum + version, 0) - already)
    }
  )

  it("refuses an event that does not follow its row", () => {
    const refused = foldPage(halting, [event("a", 1), event("a", 3)], { rows: new Map(), tombstones: new Map() })
    expect(Either.flip(refused)).toEqual(
      Either.right(new GapNotHealed({ projection: "Trails", key: "a", position: 3, missing: 2, found: 3 }))
    )
  })
})

/** A row that tells every event folded into it, in order. */
const trail = (view: Option.Option<string>, { sequence }: EntityEvent.EntityEvent<unknown>) =>
  Option.some(
    Option.match(view, {
      onNone: () => `${sequence}`,
      onSome: (before) => (before === "" ? `${sequence}` : `${before},${sequence}`)
    })
  )

const halting = { projection: "Trails", project: trail, setsAside: false }

const upTo = (version: number): string => Array.from({ length: version }, (_, i) => i + 1).join(",")

const event = (key: string, sequence: number): EntityEvent.EntityEvent<{ readonly _tag: "Counted" }> => ({
  id: `${key}-${sequence}`,
  key,
  sequence,
  position: sequence,
  timestamp: 0,
  metadata: {},
  event: { _tag: "Counted" }
})

const between = (key: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => event(key, from + i))
