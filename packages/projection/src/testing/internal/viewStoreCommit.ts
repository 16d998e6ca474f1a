/** What a commit promises: rows and offset together or nothing, fenced, at the offset that was read, never backwards. */
import { ConsumerId, type ProcessLease, Tagging } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Effect, Either, Option } from "effect"
import { fresh, plain, rowOf, type SuiteRow, type SuiteView } from "./suiteView.js"

const one = (key: string, version: number, view: SuiteRow) => new Map([[key, { version, view }]])

export const commitTests = (test: Vitest.Tester<SuiteView | ProcessLease.ProcessLease>): void => {
  test("a consumer that has never committed is at offset 0, and keys without a row are left out", () =>
    Effect.gen(function* () {
      const { consumer, key, store } = yield* fresh
      expect(yield* store.load(consumer, [])).toEqual({ offset: 0, rows: new Map(), tombstones: new Map() })
      expect(yield* store.load(consumer, [key("a"), key("b")])).toEqual({
        offset: 0,
        rows: new Map(),
        tombstones: new Map()
      })
    }))

  test("a commit stores the rows and the offset", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const rows = new Map([
        [key("a"), { version: 3, view: rowOf(id) }],
        [key("b"), { version: 1, view: rowOf(id, { note: "b" }) }]
      ])
      yield* store.commit({ consumer, fence, expected: 0, offset: 17, rows })
      const loaded = yield* store.load(consumer, [key("b"), key("nobody")])
      expect(loaded.offset).toBe(17)
      expect([...loaded.rows.keys()]).toEqual([key("b")])
      expect(Option.getOrThrow(yield* store.get(key("a"))).version).toBe(3)
      yield* store.commit({ consumer, fence, expected: 17, offset: 9_007_199_254_740_991, rows: new Map() })
      expect((yield* store.load(consumer, [])).offset).toBe(9_007_199_254_740_991)
    }))

  test("a large page is one commit and one load", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const keys = Array.from({ length: 2000 }, (_, i) => key(`${i}`))
      const rows = new Map(keys.map((name, i) => [name, { version: i + 1, view: rowOf(id, { seatCount: i }) }]))
      yield* store.commit({ consumer, fence, expected: 0, offset: 2000, rows })
      const loaded = yield* store.load(consumer, keys)
      expect(loaded.rows.size).toBe(2000)
      expect(loaded.rows.get(key("1999"))).toMatchObject({ version: 2000, view: { seatCount: 1999 } })
    }))

  test("an offset belongs to one consumer of one tag, however the names are spelled", () =>
    Effect.gen(function* () {
      const { fence, id, store } = yield* fresh
      const consumers = (["a-b", "a"] as const).flatMap((name) =>
        (["c", "b-c"] as const).flatMap((tag) =>
          [0, 1].map((partition) => ConsumerId.make(`${id}-${name}`, new Tagging.EventTag({ name: tag, partition })))
        )
      )
      for (const [i, consumer] of consumers.entries()) {
        yield* store.commit({ consumer, fence, expected: 0, offset: i + 1, rows: new Map() })
      }
      for (const [i, consumer] of consumers.entries()) expect((yield* store.load(consumer, [])).offset).toBe(i + 1)
    }))

  test("a commit from another offset than the stored one is refused whole", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      yield* store.commit({ consumer, fence, expected: 0, offset: 5, rows: new Map() })
      for (const expected of [0, 4, 6]) {
        const refused = yield* Effect.flip(
          store.commit({ consumer, fence, expected, offset: 9, rows: one(key("a"), 1, rowOf(id)) })
        )
        expect(refused).toMatchObject({ _tag: "CommitConflict", view: "SuiteView", consumer, expected })
      }
      expect(yield* store.load(consumer, [key("a")])).toEqual({ offset: 5, rows: new Map(), tombstones: new Map() })
    }))

  test("an older epoch's commit is refused whole, the newest one's is accepted", () =>
    Effect.gen(function* () {
      const { claim, consumer, fence: older, id, key, store } = yield* fresh
      const commit = (fence: typeof older, expected: number) =>
        store.commit({ consumer, fence, expected, offset: expected + 5, rows: one(key("a"), expected + 1, rowOf(id)) })
      yield* commit(older, 0)
      const newer = yield* claim
      const refused = yield* Effect.flip(commit(older, 5))
      expect(refused).toMatchObject({ _tag: "Fenced", deployment: id, index: 0, epoch: older.epoch })
      const untouched = yield* store.load(consumer, [key("a")])
      expect(untouched).toMatchObject({ offset: 5 })
      expect(untouched.rows.get(key("a"))?.version).toBe(1)
      yield* commit(newer, 5)
      expect((yield* store.load(consumer, [])).offset).toBe(10)
    }))

  test("a revoked, a forged and an unknown fence are refused", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, lease, store } = yield* fresh
      const refused = (wrong: typeof fence) =>
        Effect.map(
          Effect.flip(
            store.commit({ consumer, fence: wrong, expected: 0, offset: 1, rows: one(key("a"), 1, rowOf(id)) })
          ),
          (error) => expect(error._tag).toBe("Fenced")
        )
      yield* refused({ ...fence, token: globalThis.crypto.randomUUID() })
      yield* refused({ ...fence, epoch: fence.epoch + 1 })
      yield* refused({ ...fence, index: 7 })
      yield* refused({ ...fence, deployment: `${id}-unknown` })
      yield* lease.revoke(id, 0)
      yield* refused(fence)
      expect(yield* store.load(consumer, [key("a")])).toEqual({ offset: 0, rows: new Map(), tombstones: new Map() })
    }))

  test("a row is replaced by a higher version only, and the offset moves nonetheless", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const stored = { version: 5, view: rowOf(id, { note: "five" }) }
      yield* store.commit({ consumer, fence, expected: 0, offset: 1, rows: new Map([[key("a"), stored]]) })
      for (const [offset, version] of [
        [2, 4],
        [3, 5]
      ] as const) {
        const rows = new Map([
          [key("a"), { version, view: rowOf(id, { note: "late" }) }],
          [key(`beside-${version}`), { version: 1, view: rowOf(id) }]
        ])
        yield* store.commit({ consumer, fence, expected: offset - 1, offset, rows })
        expect(plain(Option.getOrThrow(yield* store.get(key("a"))))).toEqual(plain(stored))
        expect(Option.isSome(yield* store.get(key(`beside-${version}`)))).toBe(true)
        expect((yield* store.load(consumer, [])).offset).toBe(offset)
      }
      yield* store.commit({ consumer, fence, expected: 3, offset: 4, rows: one(key("a"), 6, rowOf(id)) })
      expect(Option.getOrThrow(yield* store.get(key("a"))).version).toBe(6)
    }))

  test("a row that does not fit the schema fails the commit whole", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const rows = new Map([
        [key("a"), { version: 1, view: rowOf(id) }],
        [key("b"), { version: 1, view: rowOf(id, { seatCount: 1.5 }) }]
      ])
      const refused = yield* Effect.flip(store.commit({ consumer, fence, expected: 0, offset: 1, rows }))
      expect(refused).toMatchObject({ _tag: "ViewStoreError", view: "SuiteView" })
      expect(yield* store.load(consumer, [key("a"), key("b")])).toEqual({
        offset: 0,
        rows: new Map(),
        tombstones: new Map()
      })
    }))

  test("of commits from the same offset exactly one is stored", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      for (let round = 0; round < 10; round++) {
        const outcomes = yield* Effect.forEach(
          [0, 1, 2, 3],
          (i) =>
            Effect.either(
              store.commit({
                consumer,
                fence,
                expected: round,
                offset: round + 1,
                rows: one(key(`${round}`), i + 1, rowOf(id, { note: `${i}` }))
              })
            ),
          { concurrency: "unbounded" }
        )
        const winners = outcomes.flatMap((outcome, i) => (Either.isRight(outcome) ? [i] : []))
        expect(winners.length).toBe(1)
        expect(outcomes.filter(Either.isLeft).map(({ left }) => left._tag)).toEqual(Array(3).fill("CommitConflict"))
        expect(Option.getOrThrow(yield* store.get(key(`${round}`))).view.note).toBe(`${winners[0]}`)
      }
    }))

  test("a commit that meets a takeover is stored whole before it or refused whole", () =>
    Effect.gen(function* () {
      const { claim, consumer, id, key, store } = yield* fresh
      for (let round = 0; round < 20; round++) {
        const fence = yield* claim
        const name = key(`${round}`)
        const { offset: expected } = yield* store.load(consumer, [])
        const rows = one(name, 1, rowOf(id))
        const takeover = Effect.gen(function* () {
          for (let i = 0; i < round; i++) yield* Effect.yieldNow()
          yield* claim
          return yield* store.load(consumer, [name])
        })
        const commit = Effect.either(store.commit({ consumer, fence, expected, offset: expected + 1, rows }))
        const [outcome, seen] = yield* Effect.all([commit, takeover], { concurrency: "unbounded" })
        if (Either.isLeft(outcome)) expect(outcome.left._tag).toBe("Fenced")
        const stored = Either.isRight(outcome)
        // what the newer run has seen is what stays
        for (const loaded of [seen, yield* store.load(consumer, [name])]) {
          expect([loaded.offset, loaded.rows.size]).toEqual(stored ? [expected + 1, 1] : [expected, 0])
        }
      }
    }))

  test("a load sees the rows and the offset of one moment", () =>
    Effect.gen(function* () {
      const { consumer, fence, id, key, store } = yield* fresh
      const keys = [key("a"), key("b")]
      const commits = Effect.forEach(
        Array.from({ length: 100 }, (_, i) => i),
        (expected) => {
          const rows = new Map(keys.map((name) => [name, { version: expected + 1, view: rowOf(id) }]))
          const commit = store.commit({ consumer, fence, expected, offset: expected + 1, rows })
          return Effect.zipRight(commit, Effect.yieldNow())
        },
        { discard: true }
      )
      const loads = Effect.gen(function* () {
        let offset = 0
        while (offset < 100) {
          const loaded = yield* store.load(consumer, keys)
          offset = loaded.offset
          expect(keys.map((name) => loaded.rows.get(name)?.version ?? 0)).toEqual([offset, offset])
          yield* Effect.yieldNow()
        }
      })
      yield* Effect.all([commits, loads], { concurrency: "unbounded" })
    }))
}
