// What a process knows of rows that it does not load.
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { continued, knownRows } from "../src/internal/knownRows.js"

const event = (key: string, sequence: number, position: number) => ({
  id: `${position}`,
  key,
  sequence,
  position,
  timestamp: 0,
  metadata: {},
  event: undefined
})
const row = (version: number) => ({ version, view: `v${version}` })
const nothing = {
  rows: new Map<string, never>(),
  tombstones: new Map<string, number>(),
  entered: new Map<string, never>()
}

/** What is there before a page, and which keys were loaded for it. */
const before = (known: ReturnType<typeof knownRows<string>>, ...keys: ReadonlyArray<string>) => {
  const loaded: Array<string> = []
  const found = Effect.runSync(
    known.before(new Set(keys), (others) =>
      Effect.sync(() => {
        loaded.push(...others)
        return { rows: new Map(others.map((key) => [key, row(100)])), tombstones: new Map() }
      })
    )
  )
  const of = (key: string) => found.rows.get(key)?.version ?? found.tombstones.get(key)
  return { loaded, versions: keys.map(of) }
}

describe("known rows", () => {
  it("what was committed is not loaded again, and the rest is", () => {
    const known = knownRows<string>(10)
    expect(before(known, "a", "b")).toEqual({ loaded: ["a", "b"], versions: [100, 100] })
    known.committed({ ...nothing, rows: new Map([["a", row(3)]]), tombstones: new Map([["b", 5]]) })
    expect(before(known, "a", "b")).toEqual({ loaded: [], versions: [3, 5] })
    expect(before(known, "a", "b", "c")).toEqual({ loaded: ["c"], versions: [3, 5, 100] })
  })

  it("a row that ends is a tombstone, and one that comes back is a row", () => {
    const known = knownRows<string>(10)
    known.committed({ ...nothing, rows: new Map([["a", row(1)]]) })
    known.committed({ ...nothing, tombstones: new Map([["a", 2]]) })
    const dead = Effect.runSync(known.before(new Set(["a"]), () => Effect.die("loaded")))
    expect([dead.rows.get("a"), dead.tombstones.get("a")]).toEqual([undefined, 2])
    known.committed({ ...nothing, rows: new Map([["a", row(3)]]) })
    const back = Effect.runSync(known.before(new Set(["a"]), () => Effect.die("loaded")))
    expect([back.rows.get("a"), back.tombstones.get("a")]).toEqual([row(3), undefined])
  })

  it("of a key that is set aside nothing is known: anybody may fold it anew", () => {
    const known = knownRows<string>(10)
    known.committed({ ...nothing, rows: new Map([["a", row(1)]]) })
    const aside = { failure: {} as never, error: {} as never, last: 2 }
    known.committed({ ...nothing, rows: new Map([["a", row(2)]]), entered: new Map([["a", aside]]) })
    expect(before(known, "a")).toEqual({ loaded: ["a"], versions: [100] })
  })

  it("the last written are kept, rows and tombstones together no more than the limit", () => {
    const known = knownRows<string>(2)
    for (const key of ["a", "b", "a", "c"]) known.committed({ ...nothing, rows: new Map([[key, row(1)]]) })
    expect(before(known, "a", "b", "c")).toEqual({ loaded: ["b"], versions: [1, 100, 1] })
    known.committed({ ...nothing, tombstones: new Map([["d", 1]]) })
    expect(before(known, "a", "c", "d").loaded).toEqual(["d"])
    known.committed({ ...nothing, tombstones: new Map([["c", 2]]) })
    expect(before(known, "a", "c").loaded).toEqual([])
  })

  it("nothing is known of what was forgotten", () => {
    const known = knownRows<string>(10)
    known.committed({ ...nothing, rows: new Map([["a", row(1)]]), tombstones: new Map([["b", 1]]) })
    known.forget()
    expect(before(known, "a", "b").loaded).toEqual(["a", "b"])
  })

  it("a key whose first event comes after the offset needs no row, one that goes on or comes again does", () => {
    const page = [event("seen", 1, 4), event("new", 1, 6), event("on", 7, 7), event("new", 2, 8), event("seen", 2, 9)]
    expect([...continued(page, 5)]).toEqual(["seen", "on"])
    expect([...continued([event("late", 2, 6), event("late", 1, 7)], 5)]).toEqual(["late"])
  })
})
