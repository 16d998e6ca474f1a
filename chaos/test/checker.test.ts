/** The checker finds every kind of thing that must not be: one example each, and by property on random histories. */
import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Checker from "../src/journal/checker.js"

const clean = { missed: 0, twice: 0, outOfOrder: 0, holes: 0, lost: 0, unsent: 0, denied: 0, inDoubt: 0 }

describe("a history in which nothing is wrong", () => {
  it("is clean, whoever reads it", () => expect(verdict(scene())).toEqual(clean))

  it("may have appends in doubt, stored as a whole or not at all", () => {
    const { appends, stored, ...rest } = scene()
    const doubted = appends.map((append) => ({ ...append, outcome: "unknown" as const }))
    const absent = { append: 99, key: 1, expected: 5, count: 3, outcome: "unknown" as const }
    const result = verdict({ ...rest, stored, appends: [...doubted, absent] })
    expect(result).toEqual({ ...clean, inDoubt: 4 })
    expect(Checker.isClean(result)).toBe(true)
  })
})

describe("what is found", () => {
  it("an event that a reader went past", () => {
    const { seen, ...rest } = scene()
    const result = verdict({ ...rest, seen: without(seen, 6) })
    expect(result).toEqual({ ...clean, missed: 1 })
    expect(Checker.isClean(result)).toBe(false)
  })

  it("a hole within a key, even where the event comes later", () => {
    const { seen, ...rest } = scene()
    expect(verdict({ ...rest, seen: without(seen, 0) })).toEqual({ ...clean, missed: 1, holes: 1 })
    expect(verdict({ ...rest, seen: swapped(seen, 0, 1) })).toEqual({ ...clean, holes: 1, outOfOrder: 1 })
  })

  it("positions that do not ascend", () => {
    const { seen, ...rest } = scene()
    const [first, ...others] = seen
    const late = { ...(first as Checker.Seen), partition: 1, position: 0 }
    expect(verdict({ ...rest, seen: [late, ...others] })).toEqual({ ...clean, outOfOrder: 1 })
  })

  it("an event that a reader sees again", () => {
    const { seen, ...rest } = scene()
    expect(verdict({ ...rest, seen: [...seen, at(seen, 0)] })).toEqual({ ...clean, twice: 1, outOfOrder: 1 })
  })

  it("an append that is stored twice", () => {
    const { stored, ...rest } = scene()
    const copies = stored.slice(0, 2).map((event, i) => ({ ...event, sequence: 6 + i, position: 20 + i }))
    const both = [...stored, ...copies]
    expect(verdict({ ...rest, stored: both, seen: both })).toEqual({ ...clean, twice: 2 })
  })

  it("an acknowledged append that is gone", () => {
    const { seen, stored, ...rest } = scene()
    expect(verdict({ ...rest, stored: stored.slice(0, -2), seen: seen.slice(0, -2) })).toEqual({ ...clean, lost: 2 })
  })

  it("half an append, whatever its writer was told", () => {
    const { appends, seen, stored } = scene()
    const half = { stored: stored.slice(0, -1), seen: seen.slice(0, -1) }
    expect(verdict({ ...half, appends })).toEqual({ ...clean, lost: 1 })
    const doubted = appends.map((append) => ({ ...append, outcome: "unknown" as const }))
    expect(verdict({ ...half, appends: doubted })).toEqual({ ...clean, lost: 1, inDoubt: 3 })
  })

  it("an event that no writer sent, and one that a reader saw and the table does not hold", () => {
    const { appends, seen, stored } = scene()
    const foreign = { partition: 0, key: 9, sequence: 1, position: 30, id: Checker.idOf(77, 0) }
    expect(verdict({ appends, stored: [...stored, foreign], seen: [...seen, foreign] })).toEqual({
      ...clean,
      unsent: 1
    })
    expect(verdict({ appends, stored, seen: [...seen, foreign] })).toEqual({ ...clean, unsent: 1 })
  })

  it("an append that its writer was told is not stored", () => {
    const { appends, ...rest } = scene()
    const denied = appends.map((append, i) => (i === 2 ? { ...append, outcome: "refused" as const } : append))
    expect(verdict({ ...rest, appends: denied })).toEqual({ ...clean, denied: 2 })
  })
})

describe("on any history", () => {
  it("nothing is found where nothing is wrong", () =>
    fc.assert(fc.property(histories, (history) => void expect(verdict(history)).toEqual(clean))))

  it("an event that one reader does not see is missed, and nothing else but holes", () =>
    damaged(({ seen, ...rest }, i) => {
      const { holes, ...found } = verdict({ ...rest, seen: without(seen, i) })
      const { holes: _, ...expected } = { ...clean, missed: 1 }
      expect(found).toEqual(expected)
      expect(holes).toBe(seen.slice(i + 1).some(({ key }) => key === at(seen, i).key) ? 1 : 0)
    }))

  it("an event that is seen again is counted", () =>
    damaged(({ seen, ...rest }, i) =>
      expect(verdict({ ...rest, seen: [...seen, at(seen, i)] })).toEqual({ ...clean, twice: 1, outOfOrder: 1 })
    ))

  it("an event that is seen too late is out of order", () =>
    damaged(({ seen, ...rest }, i) => {
      const later = seen.findIndex(({ partition }, j) => j > i && partition === at(seen, i).partition)
      fc.pre(later > i)
      expect(verdict({ ...rest, seen: swapped(seen, i, later) }).outOfOrder).toBeGreaterThan(0)
    }))

  it("an event that the table does not hold is lost, and was not there to be seen", () =>
    damaged(({ stored, ...rest }, i) => {
      const { holes: _, ...found } = verdict({ ...rest, stored: without(stored, i) })
      const { holes: _none, ...expected } = { ...clean, lost: 1, unsent: 1 }
      expect(found).toEqual(expected)
    }))

  it("an event with another id than the one sent is lost, and the other one unsent", () =>
    damaged(({ appends, stored }, i) => {
      const changed = stored.map((event, j) => (i === j ? { ...event, id: Checker.idOf(1_000_000, 0) } : event))
      expect(verdict({ appends, stored: changed, seen: changed })).toEqual({ ...clean, lost: 1, unsent: 1 })
    }))

  it("an append that is stored again is twice there, at whichever key", () =>
    damaged(({ appends, seen, stored }, i) => {
      const again = { ...at(stored, i), key: 1_000, sequence: 1, position: stored.length + 100, partition: 0 }
      const result = verdict({ appends, stored: [...stored, again], seen: [...seen, again] })
      expect(result).toEqual({ ...clean, twice: 1 })
    }))

  it("an append that was refused and is there is denied", () =>
    damaged(({ appends, ...rest }, i) => {
      const { append } =
        appends.find((one) => one.append === Math.floor(at(rest.stored, i).id / Checker.maxEvents)) ?? {}
      const refused = appends.map((one) => (one.append === append ? { ...one, outcome: "refused" as const } : one))
      expect(verdict({ ...rest, appends: refused }).denied).toBeGreaterThan(0)
    }))
})

interface History {
  readonly appends: ReadonlyArray<Checker.Append & { readonly outcome: Checker.Outcome }>
  readonly stored: ReadonlyArray<Checker.Seen>
  readonly seen: ReadonlyArray<Checker.Seen>
}

/** What the checker says of it; a second reader sees what is stored. */
const verdict = ({ appends, seen, stored }: History): Checker.Verdict => {
  const ledger = Checker.makeLedger()
  for (const { outcome, ...append } of appends) {
    ledger.sent(append)
    ledger.told(append.append, outcome)
  }
  const viewOf = (events: ReadonlyArray<Checker.Seen>) => {
    const view = Checker.makeView()
    events.forEach(view.see)
    return view
  }
  // as a table is read: by position, in one go
  const table = viewOf(stored.map((event) => ({ ...event, partition: 0 })))
  return Checker.judge(table, [viewOf(seen)], ledger)
}

/** The history of acknowledged appends to keys, each of so many events; a key's partition is that of its parity. */
const historyOf = (sends: ReadonlyArray<{ readonly key: number; readonly count: number }>): History => {
  const heads = new Map<number, number>()
  const stored: Array<Checker.Seen> = []
  const appends = sends.map(({ count, key }, append) => {
    const expected = heads.get(key) ?? 0
    heads.set(key, expected + count)
    for (let i = 0; i < count; i++) {
      const id = Checker.idOf(append, i)
      stored.push({ partition: key % 2, key, sequence: expected + i + 1, position: stored.length + 1, id })
    }
    return { append, key, expected, count, outcome: "stored" as const }
  })
  return { appends, stored, seen: stored }
}

/** Two appends to one key, one to another: the sequences 1 to 5, and 1 and 2. */
const scene = () =>
  historyOf([
    { key: 1, count: 3 },
    { key: 1, count: 2 },
    { key: 2, count: 2 }
  ])

const histories = fc
  .array(fc.record({ key: fc.nat(5), count: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 30 })
  .map(historyOf)

/** Any history, and the place of one of its events. */
const damaged = (check: (history: History, i: number) => void) =>
  fc.assert(fc.property(histories, fc.nat(), (history, random) => void check(history, random % history.stored.length)))

const at = (events: ReadonlyArray<Checker.Seen>, i: number): Checker.Seen => {
  const event = events[i]
  if (event === undefined) throw new RangeError(`there is no event ${i}`)
  return event
}
const without = (events: ReadonlyArray<Checker.Seen>, i: number) => events.filter((_, j) => j !== i)
const swapped = (events: ReadonlyArray<Checker.Seen>, i: number, j: number) =>
  events.map((event, k) => (k === i ? at(events, j) : k === j ? at(events, i) : event))
