import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { EntityEvent } from "@aecor/core"
import * as RecentCommands from "../src/internal/recentCommands.js"

const capacity = 256

describe("the recent commands of a key", () => {
  it("are found by their ids, with the head they left and their answers", () => {
    const recent: RecentCommands.RecentCommands = new Map()
    RecentCommands.record(recent, "a", { tag: "Add", sequence: 1, reply: "1" })
    RecentCommands.record(recent, "b", { tag: "Take", sequence: 3, reply: undefined })
    expect(recent.get("a")).toEqual({ tag: "Add", sequence: 1, reply: "1" })
    expect(recent.get("b")).toEqual({ tag: "Take", sequence: 3, reply: undefined })
    expect(recent.get("c")).toBeUndefined()
  })

  it("come back from the metadata of the events; of several events of one command the last counts", () => {
    const recent: RecentCommands.RecentCommands = new Map()
    for (const sequence of [1, 2, 3]) {
      RecentCommands.recordEvent(recent, event(sequence, RecentCommands.metadataOf("a", "Add", "7")))
    }
    RecentCommands.recordEvent(recent, event(4, RecentCommands.metadataOf("b", "Take", undefined)))
    RecentCommands.recordEvent(recent, event(5, { other: "metadata" }))
    expect([...recent]).toEqual([
      ["a", { tag: "Add", sequence: 3, reply: "7" }],
      ["b", { tag: "Take", sequence: 4, reply: undefined }]
    ])
  })

  it("are stored under keys of the library, without an answer where there is none", () => {
    const stored = { "aecor.command": "a", "aecor.commandTag": "Add" }
    expect(RecentCommands.metadataOf("a", "Add", "7")).toEqual({ ...stored, "aecor.reply": "7" })
    expect(RecentCommands.metadataOf("a", "Add", undefined)).toEqual(stored)
  })

  it.prop(
    "are the last ones, as many as fit",
    [FastCheck.oneof(FastCheck.array(anyId), FastCheck.array(anyId, { minLength: 600, maxLength: 900 }))],
    ([ids]) => {
      const recent: RecentCommands.RecentCommands = new Map()
      for (const [index, id] of ids.entries()) {
        RecentCommands.record(recent, String(id), { tag: "Add", sequence: index + 1, reply: undefined })
      }
      const last = [...new Set(ids.toReversed())].slice(0, capacity).toReversed()
      expect([...recent.keys()]).toEqual(last.map(String))
      for (const id of last) expect(recent.get(String(id))?.sequence).toBe(ids.lastIndexOf(id) + 1)
    }
  )
})

const anyId = FastCheck.nat({ max: 400 })

const event = (sequence: number, metadata: EntityEvent.Metadata): EntityEvent.EntityEvent<string> => ({
  id: `e-${sequence}`,
  key: "k",
  sequence,
  position: sequence,
  timestamp: 0,
  metadata,
  event: "happened"
})
