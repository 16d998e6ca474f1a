/**
 * What a whole `KeyValueStore` of @effect/platform does, as tests; its own store in memory passes them.
 *
 * @example
 * ```ts
 * KeyValueStoreSuite.suite("PgKeyValueStore", PgKeyValueStore.layer({ table: "setting" }).pipe(…))
 * ```
 *
 * The tests run on the live clock, in a store that holds nothing else: it is cleared.
 *
 * @since 0.1.0
 */
import { KeyValueStore } from "@effect/platform"
import { addEqualityTesters, expect } from "@effect/vitest"
import { Effect, FastCheck, type Layer, Option, Schema } from "effect"
import { shared } from "./internal/sharedLayer.js"
import { anyText, anyUnits, awkward, freshKey, unstorable } from "./internal/suiteJournal.js"

/**
 * Registers the tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, store: Layer.Layer<KeyValueStore.KeyValueStore, E>): void => {
  addEqualityTesters()
  shared(name, store, (it) => {
    it.effect("knows nothing of a key that was not set, or was removed", () =>
      Effect.gen(function* () {
        const key = freshKey()
        const nothing = Effect.gen(function* () {
          const values = yield* KeyValueStore.KeyValueStore
          expect(yield* values.get(key)).toEqual(Option.none())
          expect(yield* values.getUint8Array(key)).toEqual(Option.none())
          expect(yield* values.has(key)).toBe(false)
        })
        const values = yield* KeyValueStore.KeyValueStore
        yield* nothing
        yield* values.remove(key)
        yield* nothing
        yield* values.set(key, "text")
        expect(yield* values.has(key)).toBe(true)
        yield* values.remove(key)
        yield* nothing
      })
    )

    it.effect("gives the last value of a key, and texts and bytes each as the other, too", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        const key = freshKey()
        yield* values.set(key, "first")
        yield* values.set(key, "é 🙂")
        expect(yield* values.get(key)).toEqual(Option.some("é 🙂"))
        expect(yield* values.getUint8Array(key)).toEqual(Option.some(new TextEncoder().encode("é 🙂")))
        const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
        yield* values.set(key, bytes)
        expect(yield* values.getUint8Array(key)).toEqual(Option.some(bytes))
        expect(yield* values.get(key)).toEqual(Option.some(Buffer.from(bytes).toString("base64")))
        yield* values.set(key, bytes.subarray(3, 6))
        expect(yield* values.getUint8Array(key)).toEqual(Option.some(Uint8Array.of(3, 4, 5)))
        yield* values.set(key, "text again")
        expect(yield* values.get(key)).toEqual(Option.some("text again"))
      })
    )

    it.effect("keeps keys of any characters apart", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        const unique = freshKey()
        const keys = ["", ...[...awkward, ...unstorable].map((text) => `${unique}${text}`)]
        yield* Effect.forEach(keys, (key, index) => values.set(key, String(index)))
        for (const [index, key] of keys.entries()) {
          expect(yield* values.get(key)).toEqual(Option.some(String(index)))
          yield* values.remove(key)
          expect(yield* values.has(key)).toBe(false)
        }
      })
    )

    it.prop(
      "gives any text back, under any key",
      { key: FastCheck.oneof(anyText, anyUnits), value: FastCheck.oneof(anyText, anyUnits) },
      ({ key, value }) =>
        Effect.gen(function* () {
          const values = yield* KeyValueStore.KeyValueStore
          yield* values.set(key, value)
          expect(yield* values.get(key)).toEqual(Option.some(value))
          expect(yield* values.getUint8Array(key)).toEqual(Option.some(new TextEncoder().encode(value)))
        }),
      50
    )

    it.prop(
      "gives any bytes back",
      { bytes: FastCheck.uint8Array({ maxLength: 200 }) },
      ({ bytes }) =>
        Effect.gen(function* () {
          const values = yield* KeyValueStore.KeyValueStore
          yield* values.set("bytes", bytes)
          expect(yield* values.getUint8Array("bytes")).toEqual(Option.some(bytes))
        }),
      50
    )

    it.effect("gives a large value back", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        const text = "0123456789".repeat(200_000)
        yield* values.set("large", text)
        expect(yield* values.get("large")).toEqual(Option.some(text))
        const bytes = Uint8Array.from({ length: 2_000_000 }, (_, i) => i % 251)
        yield* values.set("large", bytes)
        const stored = yield* Effect.flatten(values.getUint8Array("large"))
        expect(Buffer.compare(stored, bytes)).toBe(0)
      })
    )

    it.effect("modifies the value of a key that is there, and tells it", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        const key = `${freshKey()}\0`
        yield* values.set(key, "a\0")
        expect(yield* values.modify(key, (text) => `${text}b`)).toEqual(Option.some("a\0b"))
        expect(yield* values.get(key)).toEqual(Option.some("a\0b"))
        const bytes = yield* values.modifyUint8Array(key, (text) => Uint8Array.of(...text, 255))
        expect(bytes).toEqual(Option.some(Uint8Array.of(97, 0, 98, 255)))
        expect(yield* values.getUint8Array(key)).toEqual(bytes)
        yield* values.set(key, Uint8Array.of(1, 2, 3))
        expect(yield* values.modify(key, (base64) => `${base64}!`)).toEqual(Option.some("AQID!"))
        expect(yield* values.get(key)).toEqual(Option.some("AQID!"))
        expect(yield* values.modify(key, (same) => same)).toEqual(Option.some("AQID!"))
      })
    )

    it.effect("makes no value of a key that is not there by modifying it", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        const key = freshKey()
        const never = () => expect.unreachable("there is nothing to modify")
        expect(yield* values.modify(key, never)).toEqual(Option.none())
        expect(yield* values.modifyUint8Array(key, never)).toEqual(Option.none())
        expect(yield* values.has(key)).toBe(false)
      })
    )

    it.effect("loses no change of many that are made at once", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        const key = freshKey()
        const many = <A, E2>(change: Effect.Effect<A, E2>) =>
          Effect.all(
            Array.from({ length: 20 }, () => change),
            { concurrency: "unbounded" }
          )
        yield* values.set(key, "0")
        yield* many(values.modify(key, (count) => String(Number(count) + 1)))
        expect(yield* values.get(key)).toEqual(Option.some("20"))
        yield* values.set(key, Uint8Array.of(0))
        yield* many(values.modifyUint8Array(key, (bytes) => bytes.map((count) => count + 1)))
        expect(yield* values.getUint8Array(key)).toEqual(Option.some(Uint8Array.of(20)))
      })
    )

    it.effect("leaves the value as it was where a change throws", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        const key = freshKey()
        yield* values.set(key, "kept")
        const thrown = yield* Effect.sandbox(
          values.modify(key, () => {
            throw new Error("no value")
          })
        ).pipe(Effect.flip)
        expect(thrown._tag).toBe("Die")
        expect(yield* values.get(key)).toEqual(Option.some("kept"))
      })
    )

    it.effect("counts its keys, and is empty when it is cleared", () =>
      Effect.gen(function* () {
        const values = yield* KeyValueStore.KeyValueStore
        yield* values.clear
        expect([yield* values.size, yield* values.isEmpty]).toEqual([0, true])
        yield* values.set("a", "1")
        yield* values.set("b", Uint8Array.of(1))
        yield* values.set("b", "2")
        expect([yield* values.size, yield* values.isEmpty]).toEqual([2, false])
        yield* values.clear
        expect([yield* values.size, yield* values.isEmpty]).toEqual([0, true])
        expect(yield* values.get("a")).toEqual(Option.none())
      })
    )

    it.effect("keeps values of a schema", () =>
      Effect.gen(function* () {
        const values = (yield* KeyValueStore.KeyValueStore).forSchema(Schema.Struct({ on: Schema.Date }))
        const key = freshKey()
        yield* values.set(key, { on: new Date(0) })
        expect(yield* values.get(key)).toEqual(Option.some({ on: new Date(0) }))
        const later = yield* values.modify(key, ({ on }) => ({ on: new Date(on.getTime() + 1) }))
        expect(later).toEqual(Option.some({ on: new Date(1) }))
      })
    )
  })
}
