/** Rows that are deleted: they are gone for queries, and do not come back by events that are older than their end. */
import type { ProcessLease } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Effect, Option } from "effect"
import { fresh, rowOf, type SuiteView } from "./suiteView.js"
import { settle } from "./virtualTime.js"

/** A view of which rows are put and deleted, one a commit. */
const deleting = Effect.gen(function* () {
  const at = yield* fresh
  const { consumer, fence, id, key, store } = at
  let expected = 0
  const commit = (changes: { readonly put?: number; readonly dead?: number }, name = "a") =>
    Effect.suspend(() => {
      const rows = new Map(
        changes.put === undefined ? [] : [[key(name), { version: changes.put, view: rowOf(id, { note: "put" }) }]]
      )
      const tombstones = new Map(changes.dead === undefined ? [] : [[key(name), changes.dead]])
      return store.commit({ consumer, fence, expected, offset: ++expected, rows, tombstones })
    })
  /** What there is of a key, to queries and to a projection. */
  const seen = Effect.fnUntraced(function* (name = "a") {
    const loaded = yield* store.load(consumer, [key(name)])
    const row = yield* store.get(key(name))
    expect(Option.map(row, ({ version }) => version)).toEqual(
      Option.map(Option.fromNullable(loaded.rows.get(key(name))), ({ version }) => version)
    )
    const found = (yield* store.find({ owner: id })).length
    return { alive: loaded.rows.get(key(name))?.version, dead: loaded.tombstones.get(key(name)), found }
  })
  return { ...at, commit, seen }
})

export const tombstoneTests = (test: Vitest.Tester<SuiteView | ProcessLease.ProcessLease>): void => {
  test("a deleted row is gone for queries, and loads as the version that deleted it", () =>
    Effect.gen(function* () {
      const { commit, seen } = yield* deleting
      yield* commit({ put: 3 })
      yield* commit({ put: 1 }, "beside")
      expect(yield* seen()).toEqual({ alive: 3, dead: undefined, found: 2 })
      yield* commit({ dead: 4 })
      expect(yield* seen()).toEqual({ alive: undefined, dead: 4, found: 1 })
      expect(yield* seen("beside")).toEqual({ alive: 1, dead: undefined, found: 1 })
    }))

  test("a row that never was can be deleted", () =>
    Effect.gen(function* () {
      const { commit, seen } = yield* deleting
      yield* commit({ dead: 1 })
      expect(yield* seen()).toEqual({ alive: undefined, dead: 1, found: 0 })
    }))

  test("what is not later than its end does not bring a row back; what is, does", () =>
    Effect.gen(function* () {
      const { commit, seen } = yield* deleting
      yield* commit({ put: 1 })
      yield* commit({ dead: 5 })
      for (const put of [2, 4, 5]) {
        yield* commit({ put })
        expect(yield* seen()).toEqual({ alive: undefined, dead: 5, found: 0 })
      }
      yield* commit({ put: 6 })
      expect(yield* seen()).toEqual({ alive: 6, dead: undefined, found: 1 })
      yield* commit({ dead: 7 })
      yield* commit({ put: 6 })
      expect(yield* seen()).toEqual({ alive: undefined, dead: 7, found: 0 })
    }))

  test("a row is not deleted by what it has seen already, and an end never moves back", () =>
    Effect.gen(function* () {
      const { commit, seen } = yield* deleting
      yield* commit({ put: 5 })
      for (const dead of [4, 5]) {
        yield* commit({ dead })
        expect(yield* seen()).toEqual({ alive: 5, dead: undefined, found: 1 })
      }
      yield* commit({ dead: 9 })
      yield* commit({ dead: 8 })
      expect(yield* seen()).toEqual({ alive: undefined, dead: 9, found: 0 })
    }))

  test("a refused commit deletes nothing", () =>
    Effect.gen(function* () {
      const { commit, consumer, fence, key, seen, store } = yield* deleting
      yield* commit({ put: 1 })
      const late = { consumer, fence, expected: 9, offset: 10, rows: new Map(), tombstones: new Map([[key("a"), 2]]) }
      expect((yield* Effect.flip(store.commit(late)))._tag).toBe("CommitConflict")
      expect(yield* seen()).toEqual({ alive: 1, dead: undefined, found: 1 })
    }))

  test("a replay deletes rows and brings them back at their own version, and tells how many", () =>
    Effect.gen(function* () {
      const { commit, fence, id, key, seen, store } = yield* deleting
      yield* commit({ put: 3 })
      yield* commit({ dead: 3 }, "b")
      const row = (version: number) => ({ version, view: rowOf(id) })
      const replace = (
        alive: ReadonlyArray<readonly [string, number]>,
        dead: ReadonlyArray<readonly [string, number]>
      ) =>
        store.replace({
          fence,
          rows: new Map(alive.map(([name, version]) => [key(name), row(version)])),
          tombstones: new Map(dead.map(([name, version]) => [key(name), version]))
        })
      expect(yield* replace([["b", 2]], [["a", 2]])).toBe(0)
      expect(
        yield* replace(
          [["b", 3]],
          [
            ["a", 3],
            ["c", 1]
          ]
        )
      ).toBe(3)
      expect(yield* seen("a")).toEqual({ alive: undefined, dead: 3, found: 1 })
      expect((yield* seen("b")).alive).toBe(3)
      expect(yield* seen("c")).toEqual({ alive: undefined, dead: 1, found: 1 })
      expect(
        yield* replace(
          [["b", 3]],
          [
            ["a", 3],
            ["c", 1]
          ]
        )
      ).toBe(0)
      yield* commit({ dead: 4 }, "b")
      expect(yield* seen("b")).toEqual({ alive: undefined, dead: 4, found: 0 })
    }))

  test("a receipt is reached by the deletion, too", () =>
    Effect.gen(function* () {
      const { commit, key, store } = yield* deleting
      yield* commit({ put: 1 })
      const waiting = yield* Effect.fork(store.awaitReceipt({ key: key("a"), sequence: 2 }, "10 seconds"))
      yield* commit({ dead: 2 })
      yield* settle(waiting)
      yield* settle(store.awaitReceipt({ key: key("a"), sequence: 1 }, "10 seconds"))
    }))
}
