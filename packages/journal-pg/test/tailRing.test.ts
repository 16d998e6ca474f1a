import { expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as TailRing from "../src/internal/tailRing.js"

const capacity = 20
const tags = ["a", "b", "c"]
const anyPushes = FastCheck.array(
  FastCheck.record({
    tags: FastCheck.subarray(tags),
    positions: FastCheck.array(FastCheck.constantFrom(...tags), { minLength: 1, maxLength: 9 }),
    clear: FastCheck.integer({ min: 0, max: 30 }).map((n) => n === 0)
  }),
  { maxLength: 40 }
)

it.prop(
  "whoever reads on from where a tag is covered finds all of it that was pushed, in order, within the capacity",
  [anyPushes],
  ([pushes]) => {
    const ring = TailRing.make<number>(capacity)
    const journal: Array<string> = []
    /** By tag, from where on it was asked for without a gap. */
    let since = new Map<string, number>()
    for (const push of pushes) {
      if (push.clear) {
        ring.clear()
        since = new Map()
      }
      const from = journal.length
      journal.push(...push.positions)
      const to = journal.length
      const positionsOf = (tag: string) =>
        journal.flatMap((other, i) => (other === tag && i + 1 > from && i + 1 <= to ? [i + 1] : []))
      ring.push({ from, to, byTag: new Map(push.tags.map((tag) => [tag, positionsOf(tag)])), size: to - from })
      since = new Map(push.tags.map((tag) => [tag, since.get(tag) ?? from]))
      for (const tag of tags) {
        const covered = ring.coveredFrom(tag, to)
        expect(covered).toBeGreaterThanOrEqual(since.get(tag) ?? to)
        // nothing is forgotten for nothing
        if (to - (since.get(tag) ?? to) <= capacity - 9) expect(covered).toBe(since.get(tag) ?? to)
        const read: Array<number> = []
        for (let at = covered, next = ring.after(tag, at); next !== undefined; next = ring.after(tag, at)) {
          read.push(...(next.byTag.get(tag) ?? []))
          at = next.to
        }
        expect(read).toEqual(
          journal.flatMap((other, i) => (other === tag && i + 1 > covered && i + 1 <= to ? [i + 1] : []))
        )
      }
    }
  }
)
