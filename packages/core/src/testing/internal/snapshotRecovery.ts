/** The part of `SnapshotStoreSuite` about what an entity reads when it wakes: its snapshot and what came after it. */
import { expect } from "@effect/vitest"
import { Effect, FastCheck, Option } from "effect"
import { SnapshotStore } from "../../SnapshotStore.js"
import { type Desk, desk, on, saved, snapshotKey, unsaved, Written } from "./diary.js"
import type { SharedTests } from "./sharedLayer.js"
import { anyText, anyUnits, awkward, freshKey, unstorable } from "./suiteJournal.js"

const write = (at: Desk, every: number, key: string, ...texts: ReadonlyArray<string>) =>
  Effect.flatMap(at.open(saved(every)), (diary) => diary(key).Write({ texts }))

/** What an entity answers that has just woken, and from which sequences it has read to know it. */
const woken = (at: Desk, every: number, key: string, version?: number) =>
  Effect.gen(function* () {
    const diary = yield* at.open(saved(every, version))
    at.reads.length = 0
    const { pages } = yield* diary(key).Read()
    return { pages, reads: [...at.reads] }
  })

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

export const recovering = (it: SharedTests<SnapshotStore>): void => {
  it.effect("an entity that wakes reads the event of its snapshot and those after it, and no others", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const key = freshKey()
      const diary = yield* at.open(saved(5))
      for (const text of numbers(1, 7)) yield* diary(key).Write({ texts: [text] })
      expect(yield* woken(at, 5, key)).toEqual({ pages: numbers(1, 7), reads: [5] })
      expect(yield* (yield* at.open(saved(5)))(key).Read()).toEqual({ pages: numbers(1, 7), last: Option.some(on) })
    })
  )

  it.effect("a snapshot follows every n events, at the end of an append that passes several multiples", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const key = freshKey()
      yield* write(at, 5, key, ...numbers(1, 4))
      expect(yield* woken(at, 5, key)).toMatchObject({ reads: [1] })
      yield* write(at, 5, key, ...numbers(5, 18))
      expect(yield* woken(at, 5, key)).toMatchObject({ reads: [18] })
      yield* write(at, 5, key, "19")
      expect(yield* woken(at, 5, key)).toMatchObject({ reads: [18] })
      yield* write(at, 5, key, "20")
      expect(yield* woken(at, 5, key)).toEqual({ pages: numbers(1, 20), reads: [20] })
    })
  )

  it.effect("an entity that had to read many events is saved without having written any", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const key = freshKey()
      yield* (yield* at.open(unsaved))(key).Write({ texts: numbers(1, 12) })
      expect(yield* woken(at, 5, key)).toMatchObject({ reads: [1] })
      expect(yield* woken(at, 5, key)).toEqual({ pages: numbers(1, 12), reads: [12] })
    })
  )

  it.effect("a command that ran before the snapshot is recognised when it comes again after it", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const key = freshKey()
      const tear = Effect.flatMap(at.open(saved(3)), (diary) => diary.receipts(key).Tear(undefined, { commandId: "t" }))
      yield* write(at, 3, key, ...numbers(1, 4))
      const before = yield* tear
      yield* write(at, 3, key, ...numbers(5, 8))
      expect(yield* woken(at, 3, key)).toMatchObject({ reads: [9] })
      expect(yield* tear).toEqual(before)
      const other = yield* Effect.flip((yield* at.open(saved(3)))(key).Write({ texts: ["no"] }, { commandId: "t" }))
      expect(other).toMatchObject({ reason: "CommandIdReused" })
      expect((yield* woken(at, 3, key)).pages).toEqual([...numbers(1, 3), ...numbers(5, 8)])
    })
  )

  it.effect("a snapshot of another version is not used, and replaced by the next", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const key = freshKey()
      yield* write(at, 3, key, ...numbers(1, 4))
      expect(yield* woken(at, 3, key, 2)).toEqual({ pages: numbers(1, 4), reads: [1] })
      expect(yield* woken(at, 3, key, 2)).toEqual({ pages: numbers(1, 4), reads: [4] })
      expect(yield* woken(at, 3, key, 1)).toEqual({ pages: numbers(1, 4), reads: [1] })
    })
  )

  it.effect("a snapshot of a past that the journal does not have is not used, and replaced by the next", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const key = freshKey()
      yield* write(at, 3, key, ...numbers(1, 4))
      yield* at.shut
      yield* at.journal.rewind(key, 2)
      expect(yield* woken(at, 3, key)).toEqual({ pages: numbers(1, 2), reads: [4, 1] })
      const others = ["a", "b", "c"].map((text) => new Written({ text, on }))
      yield* at.journal.append(key, 2, others)
      expect(yield* woken(at, 3, key)).toEqual({ pages: ["1", "2", "a", "b", "c"], reads: [4, 1] })
      expect(yield* woken(at, 3, key)).toEqual({ pages: ["1", "2", "a", "b", "c"], reads: [5] })
    })
  )

  it.effect("what is no snapshot, or of another key, is not used, and replaced by the next", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const store = yield* SnapshotStore
      const [key, other] = [freshKey(), freshKey()]
      yield* write(at, 3, other, ...numbers(1, 4))
      yield* at.shut
      const foreign = yield* Effect.flatten(store.get(snapshotKey(other)))
      yield* write(at, 3, key, "a", "b", "c", "d")
      yield* at.shut
      const own = yield* Effect.flatten(store.get(snapshotKey(key)))
      const undecodable = own.replace(`["a","b","c","d"]`, `["a","b","c",4]`)
      expect(undecodable).not.toBe(own)
      for (const text of [foreign, undecodable, own.slice(0, -1), "", "null", "{}", "\0", new Uint8Array([0, 255])]) {
        yield* store.set(snapshotKey(key), text)
        expect((yield* woken(at, 3, key)).pages).toEqual(["a", "b", "c", "d"])
        expect(at.reads.at(-1)).toBe(1)
        expect((yield* woken(at, 3, key)).reads).toEqual([4])
      }
    })
  )

  it.effect("keeps the snapshots of keys of any characters apart", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const unique = freshKey()
      const keys = [...awkward, ...unstorable].map((text) => `${unique}${text}`)
      const diary = yield* at.open(saved(2))
      for (const [index, key] of keys.entries()) yield* diary(key).Write({ texts: [String(index), "x"] })
      const again = yield* at.open(saved(2))
      at.reads.length = 0
      for (const [index, key] of keys.entries()) {
        expect((yield* again(key).Read()).pages).toEqual([String(index), "x"])
      }
      expect(at.reads).toEqual(keys.map(() => 2))
    })
  )

  it.prop(
    "gives states of any characters back",
    { texts: FastCheck.array(FastCheck.oneof(anyText, anyUnits), { minLength: 1 }) },
    ({ texts }) =>
      Effect.gen(function* () {
        const at = yield* desk
        const key = freshKey()
        yield* write(at, 1, key, ...texts)
        expect(yield* woken(at, 1, key)).toEqual({ pages: texts, reads: [texts.length] })
      }),
    15
  )

  it.effect("gives a large state back", () =>
    Effect.gen(function* () {
      const at = yield* desk
      const key = freshKey()
      const large = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(100_000))
      yield* write(at, 20, key, ...large)
      expect(yield* woken(at, 20, key)).toEqual({ pages: large, reads: [20] })
    })
  )
}
