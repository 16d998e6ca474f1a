import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { CommandId, ConsumerId, type EntityEvent, Tagging } from "@aecor/core"
import * as RecentCommands from "../src/internal/recentCommands.js"

const capacity = 256

describe("the recent commands of a key", () => {
  it("are found by their ids, with the head they left and their answers", () => {
    const recent = RecentCommands.make()
    RecentCommands.record(recent, "a", { tag: "Add", sequence: 1, reply: "1" })
    RecentCommands.record(recent, "b", { tag: "Take", sequence: 3, reply: undefined })
    expect(RecentCommands.find(recent, "a")).toEqual({ tag: "Add", sequence: 1, reply: "1" })
    expect(RecentCommands.find(recent, "b")).toEqual({ tag: "Take", sequence: 3, reply: undefined })
    expect(RecentCommands.find(recent, "c")).toBeUndefined()
  })

  it("come back from the metadata of the events; of several events of one command the last counts", () => {
    const recent = RecentCommands.make()
    for (const sequence of [1, 2, 3]) {
      RecentCommands.recordEvent(recent, event(sequence, RecentCommands.metadataOf("a", "Add", "7")))
    }
    RecentCommands.recordEvent(recent, event(4, RecentCommands.metadataOf("b", "Take", undefined)))
    RecentCommands.recordEvent(recent, event(5, { other: "metadata" }))
    expect(RecentCommands.entries(recent)).toEqual([
      ["a", { tag: "Add", sequence: 3, reply: "7" }],
      ["b", { tag: "Take", sequence: 4, reply: undefined }]
    ])
  })

  it("are stored under keys of the library, without an answer where there is none", () => {
    const stored = { "aecor.command": "a", "aecor.commandTag": "Add" }
    expect(RecentCommands.metadataOf("a", "Add", "7")).toEqual({ ...stored, "aecor.reply": "7" })
    expect(RecentCommands.metadataOf("a", "Add", undefined)).toEqual(stored)
  })

  it.prop("are the last ones, as many as fit", [manyOf(anyId)], ([ids]) => {
    const recent = RecentCommands.make()
    for (const [index, id] of ids.entries()) RecentCommands.record(recent, String(id), added(index + 1))
    const last = [...new Set(ids.toReversed())].slice(0, capacity).toReversed()
    expect(RecentCommands.entries(recent).map(([id]) => id)).toEqual(last.map(String))
    for (const id of last) expect(RecentCommands.find(recent, String(id))?.sequence).toBe(ids.lastIndexOf(id) + 1)
  })

  it.prop(
    "of sources that send in an order, all are known as repeats, however many others come between",
    [manyOf(anyCommand)],
    ([commands]) => {
      const recent = RecentCommands.make()
      const sent = new Map<string, number>()
      // a source goes on from position to position, with two commands at each
      const positions = new Map<string, number>()
      for (const [index, { other, source }] of commands.entries()) {
        const count = (positions.get(source) ?? 0) + 1
        positions.set(source, count)
        const id = other ? `other-${index}` : orderedId(source, Math.ceil(count / 2), count % 2)
        RecentCommands.record(recent, id, added(index + 1))
        if (!other) sent.set(id, index + 1)
      }
      // as they are, and as a snapshot gives them back
      const again = RecentCommands.of(RecentCommands.entries(recent))
      for (const known of [recent, again]) {
        for (const [id, sequence] of sent) {
          const found = RecentCommands.find(known, id)
          expect(found?.sequence === sequence || (found === undefined && RecentCommands.isPassed(known, id))).toBe(true)
        }
        for (const [source, count] of positions) {
          expect(RecentCommands.isPassed(known, orderedId(source, Math.ceil(count / 2) + 1, 0))).toBe(false)
        }
        expect(known.others.size).toBeLessThanOrEqual(capacity)
      }
    }
  )

  it("take an id that only looks ordered for any other", () => {
    const recent = RecentCommands.make()
    for (const id of ["aecor.ordered ", "aecor.ordered {", "aecor.ordered [1,2]", "aecor.ordered null"]) {
      expect(CommandId.placeOf(id)).toBeUndefined()
      RecentCommands.record(recent, id, added(1))
      expect(RecentCommands.find(recent, id)).toEqual(added(1))
      expect(RecentCommands.isPassed(recent, id)).toBe(false)
    }
  })
})

const anyId = FastCheck.nat({ max: 400 })
const anyCommand = FastCheck.record({
  source: FastCheck.constantFrom("a", "b"),
  other: FastCheck.integer({ min: 0, max: 9 }).map((n) => n > 0)
})

function manyOf<A>(one: FastCheck.Arbitrary<A>): FastCheck.Arbitrary<ReadonlyArray<A>> {
  return FastCheck.oneof(FastCheck.array(one), FastCheck.array(one, { minLength: 600, maxLength: 900 }))
}

const orderedId = (source: string, position: number, step: number) =>
  CommandId.ordered(ConsumerId.make(source, Tagging.tag("t")), position, String(step))

const added = (sequence: number): RecentCommands.Recorded => ({ tag: "Add", sequence, reply: undefined })

const event = (sequence: number, metadata: EntityEvent.Metadata): EntityEvent.EntityEvent<string> => ({
  id: `e-${sequence}`,
  key: "k",
  sequence,
  position: sequence,
  timestamp: 0,
  metadata,
  event: "happened"
})
