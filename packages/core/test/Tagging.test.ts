// A change of any value here loses the events of every running system: they are looked for under another tag.
import { ConsumerId, Tagging } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Equal, FastCheck, Schema } from "effect"

describe("the stable hash", () => {
  it.each(golden)("of %j is %i for ever", (text, hash) => {
    expect(Tagging.stableHash(text)).toBe(hash)
  })

  it.prop("is an unsigned integer of 32 bits", [FastCheck.string({ unit: "binary" })], ([text]) => {
    const hash = Tagging.stableHash(text)
    expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32).toBe(true)
  })
})

describe("a partitioned tagging", () => {
  it("has its tags in order, from partition 0", () => {
    const { name, tags } = Tagging.partitioned("Booking", 3)
    expect(name).toBe("Booking")
    expect(tags.map((_) => [_.name, _.partition])).toEqual([0, 1, 2].map((partition) => ["Booking", partition]))
  })

  it("keeps known keys in their partitions for ever", () => {
    const { tagOf } = Tagging.partitioned("Booking", 20)
    const found = Object.keys(partitions).map((key) => [key, tagOf(key).partition])
    expect(Object.fromEntries(found)).toEqual(partitions)
  })

  it.prop(
    "gives every key the tag that its hash chooses, always the same one of its own tags",
    [FastCheck.string({ unit: "binary" }), FastCheck.integer({ min: 1, max: 500 })],
    ([key, count]) => {
      const tagging = Tagging.partitioned("a", count)
      expect(tagging.tags).toContain(tagging.tagOf(key))
      expect(tagging.tagOf(key).partition).toBe(Tagging.stableHash(key) % count)
      expect(Equal.equals(tagging.tagOf(key), Tagging.partitioned("a", count).tagOf(key))).toBe(true)
    }
  )

  it.each([
    ["counted", (n: number) => `booking-${n}`],
    ["counted with zeros", (n: number) => String(n).padStart(8, "0")],
    ["counted at the front", (n: number) => `${n}-booking`],
    ["random", () => globalThis.crypto.randomUUID()]
  ])("spreads keys that are %s evenly", (_, keyOf) => {
    for (const count of [2, 4, 10, 20, 64]) {
      const { tagOf, tags } = Tagging.partitioned("a", count)
      const sizes = tags.map(() => 0)
      for (let n = 0; n < 20_000; n++) {
        const { partition } = tagOf(keyOf(n))
        sizes[partition] = (sizes[partition] ?? 0) + 1
      }
      const fair = 20_000 / count
      // five standard deviations of a fair draw
      const tolerance = 5 * Math.sqrt(fair)
      expect(Math.max(...sizes)).toBeLessThan(fair + tolerance)
      expect(Math.min(...sizes)).toBeGreaterThan(fair - tolerance)
    }
  })

  it("refuses a number of partitions that is none", () => {
    for (const count of [0, -1, 1.5, 65_537, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => Tagging.partitioned("a", count)).toThrow(RangeError)
    }
    expect(Tagging.partitioned("a", 65_536).tags).toHaveLength(65_536)
  })

  it("is one tag for all keys when it is single", () => {
    const { tagOf, tags } = Tagging.single("all")
    expect(tags).toHaveLength(1)
    expect([tagOf("a"), tagOf("b")]).toEqual([tags[0], tags[0]])
  })
})

describe("a tag and a consumer", () => {
  it("are equal by their parts, not by how they read", () => {
    const tag = (name: string, partition: number) => new Tagging.EventTag({ name, partition })
    expect(Equal.equals(tag("a", 1), tag("a", 1))).toBe(true)
    expect(Equal.equals(tag("a", 1), tag("a", 11))).toBe(false)
    expect(Equal.equals(ConsumerId.make("a-b", tag("c", 0)), ConsumerId.make("a", tag("b-c", 0)))).toBe(false)
    expect(Equal.equals(ConsumerId.make("a", tag("c", 0)), ConsumerId.make("a", tag("c", 0)))).toBe(true)
  })

  it("are stored as they always were", () => {
    const consumer = ConsumerId.make("view", new Tagging.EventTag({ name: "Booking", partition: 3 }))
    const encoded = Schema.encodeSync(ConsumerId.ConsumerId)(consumer)
    expect(encoded).toEqual({ name: "view", tag: { name: "Booking", partition: 3 } })
    expect(Equal.equals(Schema.decodeSync(ConsumerId.ConsumerId)(encoded), consumer)).toBe(true)
    expect(String(consumer)).toBe("view of Booking/3")
  })
})

const golden: ReadonlyArray<readonly [string, number]> = [
  ["", 2872998923],
  ["a", 444641715],
  ["b-1", 1269957982],
  ["booking-1", 2610602614],
  ["booking-2", 163579510],
  ["é", 2387039943],
  ["e\u0301", 3348083197],
  ["日本", 4026831135],
  ["🙂", 1074728266],
  ["00000000-0000-0000-0000-000000000000", 928234904]
]

const partitions: Readonly<Record<string, number>> = {
  "b-1": 2,
  "b-2": 3,
  "b-3": 8,
  "booking-1": 14,
  "booking-2": 10,
  ann: 13,
  ben: 18,
  日本: 15
}
