/** What a replay needs of a view store: rows replaced where they are not beyond, under the fence, and all rows by pages. */
import type { ProcessLease } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { ViewStore } from "../../ViewStore.js"
import { fresh, rowOf, type SuiteRow, type SuiteView } from "./suiteView.js"

/** The keys of all rows, asked for by pages. */
const keysOf = (store: ViewStore<SuiteRow>, limit: number) =>
  Effect.gen(function* () {
    const keys: Array<string> = []
    for (;;) {
      const page = yield* store.scan(Option.fromNullable(keys.at(-1)), limit)
      if (page.length === 0) return keys
      keys.push(...page.map(([key]) => key))
    }
  })

export const replaceTests = (test: Vitest.Tester<SuiteView | ProcessLease.ProcessLease>): void => {
  test("a row is replaced by one of its version or a higher one, never by a lower one, and offsets stay", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const stored = new Map(["lower", "same", "higher", "alike"].map((n) => [key(n), { version: 3, view: rowOf(id) }]))
      yield* store.commit({ consumer, fence, expected: 0, offset: 17, rows: stored })
      const other = rowOf(id, { note: "mended" })
      const rows = new Map([
        [key("lower"), { version: 2, view: other }],
        [key("same"), { version: 3, view: other }],
        [key("higher"), { version: 4, view: other }],
        [key("alike"), { version: 3, view: rowOf(id) }],
        [key("new"), { version: 1, view: other }]
      ])
      expect(yield* store.replace({ fence, rows })).toBe(3)
      const loaded = yield* store.load(consumer, [...rows.keys()])
      expect(loaded.offset).toBe(17)
      expect(loaded.rows.get(key("lower"))).toEqual({ version: 3, view: rowOf(id) })
      for (const name of ["same", "higher", "new"]) expect(loaded.rows.get(key(name))).toEqual(rows.get(key(name)))
      expect(yield* store.replace({ fence, rows })).toBe(0)
      expect(yield* store.replace({ fence, rows: new Map() })).toBe(0)
    }))

  test("nothing is replaced under a fence that is not the newest", () =>
    Effect.gen(function* () {
      const { claim, consumer, fence, id, key, store } = yield* fresh
      const newer = yield* claim
      const rows = new Map([[key("a"), { version: 1, view: rowOf(id) }]])
      for (const given of [rows, new Map()]) {
        const error = yield* Effect.flip(store.replace({ fence, rows: given }))
        expect(error).toMatchObject({ _tag: "Fenced", deployment: id })
      }
      expect((yield* store.load(consumer, [key("a")])).rows.size).toBe(0)
      expect(yield* store.replace({ fence: newer, rows })).toBe(1)
    }))

  test("who waits for a receipt is told of a row that was replaced", () =>
    Effect.gen(function* () {
      const { fence, id, key, store } = yield* fresh
      const waiting = yield* Effect.fork(store.awaitReceipt({ key: key("a"), sequence: 2 }, "20 seconds"))
      yield* Effect.yieldNow()
      yield* store.replace({ fence, rows: new Map([[key("a"), { version: 2, view: rowOf(id) }]]) })
      expect((yield* waiting.await)._tag).toBe("Success")
    }))

  test("all rows are found by pages of any size, each once, with what they hold", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const names = ["", "a", "A", "a-b", "Ä", "\u{1f600}", "z", "10", "9", " ", "%_", "\uffee"]
      const rows = new Map(names.map((name, i) => [key(name), { version: i + 1, view: rowOf(id, { note: name }) }]))
      yield* store.commit({ consumer, fence, expected: 0, offset: 1, rows })
      const all = yield* keysOf(store, 1000)
      expect(yield* keysOf(store, 37)).toEqual(all)
      expect(all.filter((one) => rows.has(one)).toSorted()).toEqual([...rows.keys()].toSorted())
      expect(new Set(all).size).toBe(all.length)
      const before = all[all.findIndex((one) => rows.has(one)) - 1]
      const [first] = yield* store.scan(Option.fromNullable(before), 1)
      expect(first?.[1]).toEqual(rows.get(first?.[0] ?? ""))
    }))
}
