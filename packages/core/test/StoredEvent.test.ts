import { EventFormat, StoredEvent } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema } from "effect"

const Slow = Schema.transformOrFail(Schema.Int, Schema.Int, {
  strict: true,
  decode: (n) => Effect.delay(Effect.succeed(n), 0),
  encode: (n) => Effect.succeed(n)
})
const Quick = Schema.TaggedStruct("Quick", { n: Schema.Int })
const Event = Schema.Union(Quick, Schema.TaggedStruct("Slow", { n: Slow }))
const format = EventFormat.make({ label: "Counts", event: Event })

describe("a page of stored events", () => {
  it.live("is decoded in order, whether its schemas take their time or not", () =>
    Effect.gen(function* () {
      const page = [stored(1, "Quick"), stored(2, "Slow"), stored(3, "Quick"), stored(4, "Slow"), stored(5, "Quick")]
      const events = yield* decode(page)
      expect(events).toEqual(page.map(({ encoded, type: _, version: __, ...place }) => ({ ...place, event: encoded })))
      expect(yield* decode([])).toEqual([])
    })
  )

  it.live("ends before an event that cannot be read; the page that begins with it fails", () =>
    Effect.gen(function* () {
      const page = [stored(1, "Quick"), stored(2, "Slow"), stored(3, "Lost"), stored(4, "Quick")]
      expect((yield* decode(page)).map(({ position }) => position)).toEqual([1, 2])
      const error = yield* Effect.flip(decode(page.slice(2)))
      expect(error).toMatchObject({ _tag: "JournalError", journal: "Counts", reason: "Undecodable" })
      expect(error).toMatchObject({ cause: { _tag: "Unreadable", reason: "UnknownType", type: "Lost", version: 1 } })
      expect(error.description).toBe(
        'the event at position 3 of key "k\\"1" cannot be read: type "Lost", version 1: this code knows no such type'
      )
    })
  )

  it.live("ends before an event that a slow schema refuses, too", () =>
    Effect.gen(function* () {
      const wrong = { ...stored(2, "Slow"), encoded: { _tag: "Slow", n: 0.5 } }
      expect((yield* decode([stored(1, "Quick"), wrong])).map(({ position }) => position)).toEqual([1])
      expect(yield* Effect.flip(decode([wrong]))).toMatchObject({ cause: { reason: "Undecodable" } })
    })
  )
})

it.effect("an event that does not encode is named, with its key", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(StoredEvent.encode(format, "k-1", { _tag: "Quick", n: 0.5 }))
    expect(error).toMatchObject({ _tag: "JournalError", journal: "Counts", reason: "Unencodable" })
    expect(error.description).toMatch(/^an event "Quick" of key "k-1" does not encode: [^]*0\.5/)
  })
)

const decode = (page: ReadonlyArray<StoredEvent.StoredEvent>) =>
  Effect.map(StoredEvent.decodePage(format, page), Chunk.toReadonlyArray)

const stored = (position: number, type: string): StoredEvent.StoredEvent => ({
  id: `id-${position}`,
  key: 'k"1',
  sequence: position,
  position: position,
  timestamp: 1000 + position,
  metadata: { n: String(position) },
  type,
  version: 1,
  encoded: { _tag: type, n: position }
})
