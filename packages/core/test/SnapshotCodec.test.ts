import { Snapshotting } from "@aecor/core"
import { addEqualityTesters, describe, expect, it } from "@effect/vitest"
import { BigDecimal, Effect, FastCheck, Schema } from "effect"
import type { Loaded } from "../src/internal/loaded.js"
import * as RecentCommands from "../src/internal/recentCommands.js"
import * as snapshotCodec from "../src/internal/snapshotCodec.js"

addEqualityTesters()

describe("a snapshot", () => {
  const State = Schema.Struct({
    amounts: Schema.Array(Schema.BigDecimal),
    texts: Schema.Array(Schema.String),
    seen: Schema.optional(Schema.Date)
  })

  it.effect.prop(
    "comes back as it was, its commands in their order",
    { texts: FastCheck.array(FastCheck.string()), ids: FastCheck.uniqueArray(FastCheck.string()) },
    ({ ids, texts }) =>
      Effect.gen(function* () {
        const amounts = texts.map((_, i) => BigDecimal.make(BigInt(10 * i + 1), i))
        const loaded: Loaded<typeof State.Type> = {
          state: { amounts, texts, seen: new Date(texts.length) },
          sequence: 7,
          lastId: "e-7",
          recent: RecentCommands.of(
            ids.map((id, i) => [id, { tag: "T", sequence: i, reply: i % 2 ? undefined : `${i}` }])
          )
        }
        const snapshotting = Snapshotting.every(1, { state: State, version: 3 })
        const decoded = yield* snapshotCodec.decode(snapshotting, yield* snapshotCodec.encode(snapshotting, loaded))
        expect(decoded).toEqual(loaded)
        expect(typeof decoded === "number" ? [] : RecentCommands.entries(decoded.recent).map(([id]) => id)).toEqual(ids)
      })
  )

  const anything = Snapshotting.every(1, { state: Schema.Unknown, version: 1 })
  const saved = (state: unknown) =>
    Effect.flatMap(
      snapshotCodec.encode(anything, { state, sequence: 1, lastId: "e-1", recent: RecentCommands.make() }),
      (text) => snapshotCodec.decode(anything, text)
    )

  it.effect("is refused where JSON would change the state", () =>
    Effect.gen(function* () {
      const lossy = [NaN, Infinity, -0, 1n, new Date(0), new Map(), Symbol("s"), () => 1, /instance/]
      for (const value of lossy) {
        for (const state of [value, { nested: [value] }]) {
          expect(String(yield* Effect.flip(saved(state)))).toContain("JSON does not give back")
        }
      }
      expect(String(yield* Effect.flip(saved([undefined])))).toContain("JSON does not give back")
    })
  )

  it.effect("may be of any state that JSON gives back", () =>
    Effect.gen(function* () {
      for (const state of [null, undefined, 0, -1.5, "", "\0\ud800", true, [], {}, { a: [{ b: null }] }]) {
        expect(yield* saved(state)).toMatchObject({ state })
      }
    })
  )

  it.effect("is refused where the state does not fit its schema", () =>
    Effect.gen(function* () {
      const snapshotting = Snapshotting.every(1, { state: Schema.Int, version: 1 })
      const failed = snapshotCodec.encode(snapshotting, {
        state: 0.5,
        sequence: 1,
        lastId: "e",
        recent: RecentCommands.make()
      })
      expect(String(yield* Effect.flip(failed))).toContain("integer")
    })
  )
})
