/** What a store of timers answers, and when. */
import type { Vitest } from "@effect/vitest"
import { expect } from "@effect/vitest"
import { DateTime, Duration, Effect, Option } from "effect"
import * as Timers from "../../Timers.js"
import { before, later, scene, type Services } from "./timersScene.js"

export const storeTests = (test: Vitest.Tester<Services>): void => {
  test("to schedule the same again changes nothing, another due date or payload does", () =>
    Effect.gen(function* () {
      const { name, schedule, timers } = yield* scene
      const due = yield* later
      const other = DateTime.addDuration(due, "1 millis")
      const all = timers.pending(name, { most: 10 })
      expect(yield* schedule("a", due, { payload: { n: [1] }, metadata: { by: "x" } })).toBe("Scheduled")
      expect(yield* schedule("a", due, { payload: { n: [1] } })).toBe("Unchanged")
      expect(yield* all).toEqual([{ name, id: "a", due, payload: { n: [1] }, metadata: { by: "x" } }])
      expect(yield* schedule("a", other, { payload: { n: [1] } })).toBe("Rescheduled")
      expect(yield* schedule("a", other)).toBe("Rescheduled")
      expect(yield* all).toEqual([{ name, id: "a", due: other, payload: null, metadata: {} }])
      expect(yield* timers.count(name)).toBe(1)
    }))

  test("one that is cancelled is gone, and may be scheduled anew", () =>
    Effect.gen(function* () {
      const { name, schedule, timers } = yield* scene
      const due = yield* later
      expect(yield* timers.cancel(name, "a")).toBe("NotFound")
      yield* schedule("a", due)
      expect(yield* timers.cancel(name, "a")).toBe("Cancelled")
      expect(yield* timers.cancel(name, "a")).toBe("NotFound")
      expect(yield* timers.count(name)).toBe(0)
      expect(yield* schedule("a", due)).toBe("Scheduled")
    }))

  test("names and ids keep timers apart, whatever characters they hold", () =>
    Effect.gen(function* () {
      const { name, timers } = yield* scene
      const due = yield* later
      const places = [
        [`${name}-b`, "c"],
        [name, "b-c"],
        [name, "B-c"],
        [name, "b-c "],
        [name, ""],
        [`${name}'s`, 'b "c" ü %_\\ 🙂']
      ] as const
      for (const [of, id] of places) expect(yield* timers.schedule({ name: of, id, due })).toBe("Scheduled")
      expect(yield* timers.count(name)).toBe(4)
      for (const [of, id] of places) expect(yield* timers.cancel(of, id)).toBe("Cancelled")
    }))

  test("those that are pending are listed in the order of their due dates, page by page", () =>
    Effect.gen(function* () {
      const { name, schedule, timers } = yield* scene
      const due = yield* later
      const at = (n: number) => DateTime.addDuration(due, Duration.millis(n))
      for (const [id, n] of [
        ["e", 2],
        ["c", 1],
        ["a", 3],
        ["d", 2],
        ["b", 1],
        ["f", 0]
      ] as const)
        yield* schedule(id, at(n))
      const first = yield* timers.pending(name, { most: 3 })
      expect(first.map(({ id }) => id)).toEqual(["f", "b", "c"])
      const after = { id: "c", due: at(1) }
      expect((yield* timers.pending(name, { most: 3, after })).map(({ id }) => id)).toEqual(["d", "e", "a"])
      expect(yield* timers.pending(name, { most: 3, after: { id: "a", due: at(3) } })).toEqual([])
      expect(yield* timers.pending(name, { most: Number.MAX_SAFE_INTEGER })).toHaveLength(6)
    }))

  test("a fraction of a millisecond counts as a whole one, and pages go on behind it", () =>
    Effect.gen(function* () {
      const { name, schedule, timers } = yield* scene
      const due = yield* later
      const at = (n: number) => DateTime.addDuration(due, Duration.millis(n))
      for (const [i, n] of [0.1, 0.4, 0.6, 1].entries()) yield* schedule(String(i), at(n))
      const ids: Array<string> = []
      for (let after: Timers.Entry | undefined; ids.length < 9;) {
        const [next] = yield* timers.pending(name, { most: 1, ...(after === undefined ? {} : { after }) })
        if (next === undefined) break
        expect(next.due).toEqual(at(1))
        ids.push(next.id)
        after = next
      }
      expect(ids).toEqual(["0", "1", "2", "3"])
      expect(yield* schedule("0", at(0.1))).toBe("Unchanged")
    }))

  test("a timer whose key no journal may take is refused", () =>
    Effect.gen(function* () {
      const { name, schedule, timers } = yield* scene
      const due = yield* later
      const longest = Timers.longestKey - Timers.keyOf(name, "").length
      expect(yield* schedule("a".repeat(longest), due)).toBe("Scheduled")
      // each is one character: one byte more, two in JSON, two in UTF-8
      for (const id of ["a".repeat(longest + 1), `${"a".repeat(longest - 1)}"`, `${"a".repeat(longest - 1)}ü`]) {
        expect(yield* Effect.flip(schedule(id, due))).toMatchObject({ _tag: "TimersError" })
      }
      expect(yield* timers.count(name)).toBe(1)
    }))

  test("those that are due are taken in order, and again until they are handed over; from then on they have fired", () =>
    Effect.gen(function* () {
      const { claim, name, schedule, share, timers } = yield* scene
      const fence = yield* claim
      const due = yield* before
      const at = (n: number) => DateTime.addDuration(due, Duration.millis(n))
      const take = (most: number) =>
        Effect.map(timers.take(share, { fence, most }), (taken) => taken.map(({ id }) => id))
      yield* schedule("later", yield* later)
      expect(yield* take(9)).toEqual([])
      for (const [id, n] of [
        ["c", 3],
        ["a", 1],
        ["b", 2]
      ] as const)
        yield* schedule(id, at(n))
      expect(yield* take(2)).toEqual(["a", "b"])
      for (const id of ["a", "b"]) {
        expect(yield* timers.cancel(name, id)).toBe("AlreadyFired")
        expect(yield* schedule(id, at(9))).toBe("AlreadyFired")
      }
      expect(yield* timers.count(name)).toBe(2)
      expect((yield* timers.pending(name, { most: 9 })).map(({ id }) => id)).toEqual(["c", "later"])
      expect(yield* take(9)).toEqual(["a", "b", "c"])
      yield* timers.handedOver(name, { fence, ids: ["a", "c", "later", "unknown"] })
      expect(yield* take(9)).toEqual(["b"])
      yield* timers.handedOver(name, { fence, ids: ["b"] })
      expect(yield* take(9)).toEqual([])
      expect(yield* timers.cancel(name, "c")).toBe("AlreadyFired")
      expect((yield* timers.pending(name, { most: 9 })).map(({ id }) => id)).toEqual(["later"])
    }))

  test("it is known how long it is until the first one of a share is due", () =>
    Effect.gen(function* () {
      const { claim, name, schedule, share, timers } = yield* scene
      const fence = yield* claim
      expect(yield* timers.untilDue(share)).toEqual(Option.none())
      yield* schedule("a", yield* later)
      const hour = Duration.toMillis("1 hour")
      const until = Option.getOrThrow(yield* timers.untilDue(share))
      expect(until).toBeLessThanOrEqual(hour)
      expect(until).toBeGreaterThan(hour / 2)
      yield* schedule("b", yield* before)
      expect(yield* timers.untilDue(share)).toEqual(Option.some(0))
      const ids = (yield* timers.take(share, { fence, most: 9 })).map(({ id }) => id)
      expect(yield* timers.untilDue(share)).toEqual(Option.some(0))
      yield* timers.handedOver(name, { fence, ids })
      expect(Option.getOrThrow(yield* timers.untilDue(share))).toBeGreaterThan(hour / 2)
      expect(yield* timers.untilDue({ name, slots: [] })).toEqual(Option.none())
    }))

  test("an older run takes nothing and hands nothing over", () =>
    Effect.gen(function* () {
      const { claim, name, schedule, share, timers } = yield* scene
      const older = yield* claim
      const newer = yield* claim
      yield* schedule("a", yield* before)
      expect(yield* Effect.flip(timers.take(share, { fence: older, most: 9 }))).toMatchObject({ _tag: "Fenced" })
      expect(yield* timers.cancel(name, "a")).toBe("Cancelled")
      yield* schedule("a", yield* before)
      yield* timers.take(share, { fence: newer, most: 9 })
      const refused = yield* Effect.flip(timers.handedOver(name, { fence: older, ids: ["a"] }))
      expect(refused).toMatchObject({ _tag: "Fenced", deployment: name, epoch: older.epoch })
      expect(yield* timers.take(share, { fence: newer, most: 9 })).toHaveLength(1)
    }))
}
