import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { EntityEvent } from "@aecor/core"
import * as RecentCommands from "../src/internal/recentCommands.js"

const capacity = 256

describe("the recent commands of a key", () => {
  it("are found by their ids, with the head they left and their answers", () => {
    const recent: RecentCommands.RecentCommands = new Map()
    RecentCommands.record(recent, "a", { sequence: 1, reply: "1" })
    RecentCommands.record(recent, "b", { sequence: 3, reply: undefined })
    expect(recent.get("a")).toEqual({ sequence: 1, reply: "1" })
    expect(recent.get("b")).toEqual({ sequence: 3, reply: undefined })
    expect(recent.get("c")).toBeUndefined()
  })

  it("come back from the metadata of the events; of several events of one command the last counts", () => {
    const recent: RecentCommands.RecentCommands = new Map()
    for (const sequence of [1, 2, 3]) {
      RecentCommands.recordEvent(recent, event(sequence, RecentCommands.metadataOf("a", "7")))
    }
    RecentCommands.recordEvent(recent, event(4, RecentCommands.metadataOf("b", undefined)))
    RecentCommands.recordEvent(recent, event(5, { other: "metadata" }))
    expect([...recent]).toEqual([
      ["a", { sequence: 3, reply: "7" }],
      ["b", { sequence: 4, reply: undefined }]
    ])
  })

  it("are stored under keys of the library, without an answer where there is none", () => {
    expect(RecentCommands.metadataOf("a", "7")).toEqual({ "aecor.command": "a", "aecor.reply": "7" })
    expect(RecentCommands.metadataOf("a", undefined)).toEqual({ "aecor.command": "a" })
  })

  it.prop(
    "are the last ones, as many as fit",
    [FastCheck.oneof(FastCheck.array(anyId), FastCheck.array(anyId, { minLength: 600, maxLength: 900 }))],
    ([ids]) => {
      const recent: RecentCommands.RecentCommands = new Map()
      for (const [index, id] of ids.entries()) {
        RecentCommands.record(recent, String(id), { sequence: index + 1, reply: undefined })
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
