/** What a view store answers: rows by key and by equality. */
import type { ProcessLease } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { BigDecimal, Effect, FastCheck, Option } from "effect"
import { arbitraryRow, fresh, plain, rowOf, type SuiteRow, type SuiteView } from "./suiteView.js"

export const queryTests = (test: Vitest.Tester<SuiteView | ProcessLease.ProcessLease>): void => {
  test("a key that was never committed has no row", () =>
    Effect.gen(function* () {
      const { key, store } = yield* fresh
      expect(yield* store.get(key("nobody"))).toEqual(Option.none())
    }))

  test("a row comes back as it was committed, whatever its columns hold", () =>
    Effect.gen(function* () {
      const { consumer, fence, key, store } = yield* fresh
      const all = FastCheck.sample(arbitraryRow, 50)
      const rows = new Map(all.map((view, i) => [key(`${i}`), { version: i + 1, view }]))
      yield* store.commit({ consumer, fence, expected: 0, offset: 1, rows })
      for (const [name, row] of rows) {
        expect(plain(Option.getOrThrow(yield* store.get(name)))).toEqual(plain(row))
      }
      const loaded = yield* store.load(consumer, [...rows.keys()])
      expect(new Map([...loaded.rows].map(([name, row]) => [name, plain(row)]))).toEqual(
        new Map([...rows].map(([name, row]) => [name, plain(row)]))
      )
    }))

  test("a column that has been emptied is empty", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const full = rowOf(id, { nickname: "Jo", note: "window", confirmedAt: Option.some(1) })
      const empty = rowOf(id, { note: null, confirmedAt: Option.none(), seats: [] })
      const commit = (expected: number, view: SuiteRow) =>
        store.commit({
          consumer,
          fence,
          expected,
          offset: expected + 1,
          rows: new Map([[key("a"), { version: expected + 1, view }]])
        })
      yield* commit(0, full)
      expect(plain(Option.getOrThrow(yield* store.get(key("a"))))).toEqual(plain({ version: 1, view: full }))
      yield* commit(1, empty)
      const stored = Option.getOrThrow(yield* store.get(key("a")))
      expect(plain(stored)).toEqual(plain({ version: 2, view: empty }))
      expect("nickname" in stored.view).toBe(false)
    }))

  test("find gives the rows whose columns equal the given ones, by key", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const mine: ReadonlyArray<readonly [string, Partial<SuiteRow>]> = [
        ["b", { paid: true, nickname: "Jo" }],
        ["a", { note: "window", seatCount: 3 }],
        ["C", { total: BigDecimal.unsafeFromString("7.50"), confirmedAt: Option.none() }],
        ["a-2", { placedAt: new Date("2024-03-01T00:00:00.001Z") }],
        ["a-10", { seats: [{ number: 9, row: 9, heldBy: "x" }] }]
      ]
      const rows = new Map(mine.map(([name, changes]) => [key(name), { version: 1, view: rowOf(id, changes) }]))
      rows.set(key("other"), { version: 1, view: rowOf(key("other"), { paid: true }) })
      yield* store.commit({ consumer, fence, expected: 0, offset: 1, rows })

      const byNumber = (names: ReadonlyArray<string>) => names.map((name) => rows.get(key(name))).filter((_) => !!_)
      const found = (where: Partial<SuiteRow>, names: ReadonlyArray<string>) =>
        Effect.map(store.find({ owner: id, ...where }), (result) =>
          expect(result.map((view) => plain({ version: 1, view }))).toEqual(byNumber(names).map(plain))
        )
      yield* found({}, ["C", "a", "a-10", "a-2", "b"])
      yield* found({ paid: true }, ["b"])
      yield* found({ nickname: "Jo" }, ["b"])
      yield* found({ note: "window" }, ["a"])
      yield* found({ note: null }, ["C", "a-10", "a-2", "b"])
      yield* found({ seatCount: 3, note: "window" }, ["a"])
      yield* found({ seatCount: 3, note: null }, [])
      yield* found({ viewers: 9_007_199_254_740_991, paid: true }, ["b"])
      yield* found({ confirmedAt: Option.none() }, ["C"])
      yield* found({ confirmedAt: Option.some(1_700_000_000_000), paid: true }, ["b"])
      yield* found({ total: BigDecimal.unsafeFromString("7.5") }, ["C"])
      yield* found({ placedAt: new Date("2024-03-01T00:00:00.001Z") }, ["a-2"])
      yield* found({ placedAt: new Date("2024-03-01T00:00:00.002Z") }, [])
      yield* found({ seats: [{ row: 9, number: 9, heldBy: "x" }] }, ["a-10"])
    }))

  test("find with no columns gives every row, by key", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const names = ["z", "A", "m"]
      const rows = new Map(names.map((name) => [key(name), { version: 1, view: rowOf(id, { note: name }) }]))
      yield* store.commit({ consumer, fence, expected: 0, offset: 1, rows })
      const mine = (yield* store.find({})).filter((row) => row.owner === id)
      expect(mine.map((row) => row.note)).toEqual(["A", "m", "z"])
    }))

  test("find takes a text literally", () =>
    Effect.gen(function* () {
      const { consumer, fence, key, store } = yield* fresh
      const owner = `${key("'; drop table x; --")} %_ \\ "q"`
      const rows = new Map([[key("a"), { version: 1, view: rowOf(owner) }]])
      yield* store.commit({ consumer, fence, expected: 0, offset: 1, rows })
      expect((yield* store.find({ owner })).length).toBe(1)
      expect(yield* store.find({ owner: `${owner} ` })).toEqual([])
    }))
}
