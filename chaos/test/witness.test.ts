// What queries through an alias may not show, and how long a swap is said to have held one up.
import { describe, expect, it } from "@effect/vitest"
import type { Report } from "../src/swap/reader.js"
import * as Tally from "../src/swap/tally.js"
import * as Witness from "../src/swap/witness.js"

const clean = { vanished: 0, backwards: 0, lied: 0 }
const rows = (versions: Readonly<Record<string, number>>) => new Map(Object.entries(versions))

describe("a witness", () => {
  it("has nothing to say of rows that come and go on", () => {
    const witness = Witness.make()
    expect(witness.begin()(rows({ a: 1 }))).toEqual(clean)
    witness.promised("b", 2)
    expect(witness.begin()(rows({ a: 1, b: 2 }))).toEqual(clean)
    expect(witness.begin("b")(rows({ b: 3 }))).toEqual(clean)
  })

  it("tells a row that vanishes, one that goes back, and one that is below what was promised", () => {
    const witness = Witness.make()
    witness.begin()(rows({ a: 2, b: 5 }))
    witness.promised("c", 4)
    expect(witness.begin()(rows({ b: 4, c: 3 }))).toEqual({ vanished: 1, backwards: 1, lied: 1 })
    expect(witness.begin("c")(rows({}))).toEqual({ vanished: 1, backwards: 0, lied: 1 })
    // also a row that was shown in its first version only
    witness.begin("d")(rows({ d: 1 }))
    expect(witness.begin("d")(rows({}))).toEqual({ ...clean, vanished: 1 })
  })

  it("holds nothing against an answer that was not known when the query began", () => {
    const witness = Witness.make()
    const judge = witness.begin()
    witness.promised("a", 3)
    witness.begin()(rows({ a: 3 }))
    expect(judge(rows({ a: 1 }))).toEqual(clean)
    expect(witness.begin()(rows({ a: 2 }))).toEqual({ ...clean, backwards: 1, lied: 1 })
  })
})

const report = (promises: number, ...queries: ReadonlyArray<readonly [number, number]>): Report => ({
  _tag: "Report",
  ...clean,
  queries,
  promises,
  unanswered: 0,
  failed: 0,
  told: []
})

it("the pause is the longest of the queries that were on their way during a swap, in calm and under faults", () => {
  const tally = Tally.make()
  tally.onReport("node 1", report(0, [0, 90], [95, 10], [120, 30]))
  tally.onTold({ _tag: "Swapped", how: "InTurn", since: 100, until: 110 })
  tally.calmed()
  tally.onTold({ _tag: "Swapped", how: "InTurn", since: 125, until: 130 })
  expect(tally.pauseMs()).toEqual({ calm: 30, underFaults: 10 })
})

it("a node is silent that answers no queries, and also one that answers these and vouches for no receipts", () => {
  const tally = Tally.make()
  const nodes = ["answers", "vouches for none", "queries fail", "earlier", "never"]
  tally.onReport("answers", report(1), 105)
  tally.onReport("answers", report(0, [110, 5]), 120)
  tally.onReport("vouches for none", report(0, [110, 5]), 120)
  tally.onReport("queries fail", report(2), 120)
  tally.onReport("earlier", report(3, [90, 5]), 99)
  expect(tally.silent(nodes, 100)).toEqual(nodes.slice(1))
})
