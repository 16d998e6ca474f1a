/** A view's quarantine beside its rows: what is stored together, and what those learn who wait for a key in it. */
import type { ProcessLease, Quarantine } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { fresh, rowOf, type SuiteView } from "./suiteView.js"
import { settle } from "./virtualTime.js"

const scene = Effect.gen(function* () {
  const at = yield* fresh
  const { consumer, fence, id, key, store } = at
  const entry: Quarantine.Entry = {
    consumer,
    key: key("a"),
    eventType: "Broken",
    sequence: 3,
    position: 30,
    cause: "it is broken",
    since: 1_700_000_000_000,
    attempts: 1,
    last: 3
  }
  const one = (version: number) => new Map([[key("a"), { version, view: rowOf(id) }]])
  const enter = (rows = one(2)) =>
    store.commit({
      consumer,
      fence,
      expected: 0,
      offset: 30,
      rows,
      quarantine: { entered: [entry], passed: new Map() }
    })
  const failed = (sequence: number): Quarantine.Failure => ({
    eventType: "Worse",
    sequence,
    position: 99,
    cause: "still"
  })
  const tried = (reached: number, failure?: Quarantine.Failure, seen = entry) =>
    store.settle({
      entry: seen,
      reached,
      failure: Option.fromNullable(failure),
      rows: one(reached),
      tombstones: new Map()
    })
  const version = Effect.map(store.get(key("a")), Option.match({ onNone: () => 0, onSome: (row) => row.version }))
  const await_ = (sequence: number) => store.awaitReceipt({ key: key("a"), sequence }, "10 seconds")
  return { ...at, entry, enter, failed, tried, version, awaitReceipt: await_ }
})

export const quarantineTests = (test: Vitest.Tester<SuiteView | ProcessLease.ProcessLease>): void => {
  test("a key enters the quarantine with the rows of its commit, and leaves it with the row of its retry", () =>
    Effect.gen(function* () {
      const { consumer, enter, entry, fence, id, store, tried, version } = yield* scene
      yield* enter()
      expect([yield* version, yield* store.quarantined(id)]).toEqual([2, [entry]])
      const passed = new Map([[entry.key, 4]])
      const commit = { consumer, fence, expected: 30, offset: 40, rows: new Map() }
      yield* store.commit({ ...commit, quarantine: { entered: [], passed } })
      expect(yield* tried(3)).toBe("Behind")
      expect([yield* version, yield* store.quarantined(id)]).toEqual([2, [{ ...entry, last: 4 }]])
      expect(yield* tried(4)).toBe("Ended")
      expect([yield* version, yield* store.quarantined(id)]).toEqual([4, []])
      expect(yield* tried(9)).toBe("Gone")
      expect(yield* version).toBe(4)
    }))

  test("a retry that fails further on stores the row up to there", () =>
    Effect.gen(function* () {
      const { enter, entry, failed, id, store, tried, version } = yield* scene
      yield* enter()
      expect(yield* tried(4, failed(5))).toBe("Failed")
      expect(yield* version).toBe(4)
      expect(yield* store.quarantined(id)).toEqual([{ ...entry, ...failed(5), attempts: 2 }])
      expect(yield* tried(1, failed(2), { ...entry, ...failed(5), attempts: 2 })).toBe("Failed")
      expect(yield* version).toBe(4)
    }))

  test("a retry may end in a deletion", () =>
    Effect.gen(function* () {
      const { consumer, enter, entry, key, store } = yield* scene
      yield* enter()
      const tombstones = new Map([[key("a"), 3]])
      const attempt = { entry, reached: 3, failure: Option.none(), rows: new Map(), tombstones }
      expect(yield* store.settle(attempt)).toBe("Ended")
      expect(yield* store.load(consumer, [key("a")])).toEqual({ offset: 30, rows: new Map(), tombstones })
    }))

  test("who waits for a quarantined key is told at once, and what it was", () =>
    Effect.gen(function* () {
      const { awaitReceipt, enter, entry, key } = yield* scene
      const waiting = yield* Effect.fork(Effect.flip(awaitReceipt(4)))
      yield* Effect.yieldNow()
      yield* enter()
      const quarantined = { _tag: "Quarantined", view: "SuiteView", key: key("a"), sequence: 4, entry }
      expect(yield* settle(Fiber.join(waiting))).toMatchObject(quarantined)
      expect(yield* settle(Effect.flip(awaitReceipt(3)))).toMatchObject({ ...quarantined, sequence: 3 })
      yield* settle(awaitReceipt(2))
    }))

  test("who waits for what lies before the quarantined event waits for the row", () =>
    Effect.gen(function* () {
      const { awaitReceipt, enter, entry, failed, id, store, tried } = yield* scene
      yield* enter()
      expect(yield* tried(4, failed(5))).toBe("Failed")
      yield* settle(awaitReceipt(4))
      expect(yield* settle(Effect.flip(awaitReceipt(5)))).toMatchObject({ _tag: "Quarantined" })
      const [seen] = yield* store.quarantined(id)
      expect(yield* tried(5, undefined, seen ?? entry)).toBe("Ended")
      yield* settle(awaitReceipt(5))
    }))
}
