/** Timers become events: once, at their time or after it, in order, shared by processes. */
import type { Vitest } from "@effect/vitest"
import { expect } from "@effect/vitest"
import { Array, DateTime, Duration, Effect } from "effect"
import * as Timers from "../../Timers.js"
import { before, inMillis, later, scene, type Services } from "./timersScene.js"
import { settle } from "./virtualTime.js"

/** How far a timer's due date lies ahead in these tests, in milliseconds. */
const soon = 600

export const firingTests = (test: Vitest.Tester<Services>): void => {
  test("a timer becomes one event, not before its due date", () =>
    Effect.gen(function* () {
      const { deploy, events, fired, name, schedule } = yield* scene
      yield* deploy()
      const due = yield* inMillis(soon)
      yield* schedule("a", due, { payload: { n: 1 }, metadata: { by: "x" } })
      yield* schedule("never", yield* later)
      const [event] = yield* fired(1)
      expect(event).toMatchObject({
        key: Timers.keyOf(name, "a"),
        sequence: 1,
        metadata: { by: "x" },
        event: { _tag: "TimerFired", name, id: "a", payload: { n: 1 } }
      })
      expect(event?.event.due.epochMillis).toBe(due.epochMillis)
      expect(event?.timestamp).toBeGreaterThanOrEqual(due.epochMillis)
      expect(yield* schedule("a", yield* before)).toBe("AlreadyFired")
      yield* Effect.sleep(soon)
      expect(yield* events).toHaveLength(1)
    }).pipe(Effect.scoped, settle))

  test("one that is re-scheduled is fired at its last due date alone", () =>
    Effect.gen(function* () {
      const { deploy, events, fired, schedule } = yield* scene
      yield* deploy()
      const due = yield* inMillis(2 * soon)
      yield* schedule("postponed", yield* inMillis(soon))
      yield* schedule("sooner", yield* later)
      expect(yield* schedule("postponed", due)).toBe("Rescheduled")
      expect(yield* schedule("sooner", yield* inMillis(0))).toBe("Rescheduled")
      const all = yield* fired(2)
      expect(all.map(({ event }) => event.id)).toEqual(["sooner", "postponed"])
      expect(all[1]?.timestamp).toBeGreaterThanOrEqual(due.epochMillis)
      yield* Effect.sleep(soon)
      expect(yield* events).toHaveLength(2)
    }).pipe(Effect.scoped, settle))

  test("many that came due meanwhile are fired in the order of their due dates, a page at a time", () =>
    Effect.gen(function* () {
      const { deploy, fired, schedule, timers } = yield* scene
      const due = yield* before
      const numbers = Array.makeBy(600, (i) => (i * 7) % 600)
      yield* Effect.forEach(numbers, (n) => schedule(String(n), DateTime.addDuration(due, Duration.millis(n))), {
        concurrency: 8
      })
      const taken: Array<number> = []
      const take: typeof timers.take = (share, options) =>
        Effect.tap(timers.take(share, options), ({ length }) => Effect.sync(() => taken.push(length)))
      yield* deploy({ timers: { ...timers, take }, pageSize: 100 })
      const all = yield* fired(numbers.length)
      expect(all.map(({ event }) => Number(event.id))).toEqual(numbers.toSorted((a, b) => a - b))
      expect(Math.max(...taken)).toBeLessThanOrEqual(100)
    }).pipe(Effect.scoped, settle))

  test("what comes due while nothing runs is fired by the next run, and nothing a second time", () =>
    Effect.gen(function* () {
      const { deploy, events, fired, name, schedule, timers } = yield* scene
      yield* schedule("a", yield* before)
      yield* Effect.scoped(Effect.zipRight(deploy(), fired(1)))
      yield* schedule("b", yield* inMillis(soon))
      yield* schedule("c", yield* before)
      yield* Effect.sleep(soon)
      expect(yield* timers.cancel(name, "c")).toBe("Cancelled")
      expect(yield* events).toHaveLength(1)
      yield* deploy()
      expect((yield* fired(2)).map(({ event }) => event.id)).toEqual(["a", "b"])
    }).pipe(Effect.scoped, settle))

  test("several processes share the timers of a name", () =>
    Effect.gen(function* () {
      const { deploy, fired, schedule, timers } = yield* scene
      const ids = Array.makeBy(60, String)
      yield* Effect.forEach(ids, (id) => Effect.flatMap(before, (due) => schedule(id, due)))
      const taken = new Map<number, Array<string>>()
      const take: typeof timers.take = (share, options) =>
        Effect.tap(timers.take(share, options), (some) =>
          Effect.sync(() => {
            const index = options.fence.index
            taken.set(index, [...(taken.get(index) ?? []), ...some.map(({ id }) => id)])
          })
        )
      yield* deploy({ timers: { ...timers, take }, processes: 3 })
      expect(yield* fired(ids.length)).toHaveLength(ids.length)
      expect([...taken.keys()].toSorted()).toEqual([0, 1, 2])
      expect([...taken.values()].every(({ length }) => length > 0)).toBe(true)
      expect([...taken.values()].flat().toSorted()).toEqual(ids.toSorted())
    }).pipe(Effect.scoped, settle))
}
