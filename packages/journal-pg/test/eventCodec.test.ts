import { EventFormat, Tagging } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Effect, ParseResult, Schema } from "effect"
import * as eventCodec from "../src/internal/eventCodec.js"
import type { Row } from "../src/internal/journalRow.js"

const thrower = (text: string): string => {
  if (text === "thrown") throw new Error("the schema's own code throws")
  return text
}
const same = (text: string) => text

const Throwing = Schema.transform(Schema.String, Schema.String, { strict: true, decode: thrower, encode: same })
const ThrowingLater = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: (text) => Effect.flatMap(Effect.yieldNow(), () => Effect.sync(() => thrower(text))),
  encode: ParseResult.succeed
})

for (const [when, text] of [
  ["at once", Throwing],
  ["later", ThrowingLater]
] as const) {
  it.effect(`an event whose schema throws ${when} is one that does not decode; the others of its page do`, () =>
    Effect.gen(function* () {
      const event = Schema.TaggedStruct("Noted", { text })
      const definition = { label: "Codec", event, tagging: Tagging.partitioned("Codec", 2) }
      const codec = eventCodec.make({ ...definition, format: EventFormat.make(definition) })
      const page = yield* codec.decode(["fine", "thrown", "fine again"].map(rowOf))
      expect(page).toMatchObject([
        { position: 1, event: { text: "fine" } },
        { position: 2, error: { _tag: "JournalError", reason: "Undecodable" } },
        { position: 3, event: { text: "fine again" } }
      ])
      const [, second] = page
      const description = second instanceof eventCodec.Undecodable ? second.error.description : ""
      for (const part of ["Noted", "key-2", "position 2", "the schema's own code throws"]) {
        expect(description).toContain(part)
      }
    })
  )
}

const rowOf = (text: string, index: number): Row => [
  String(index + 1),
  `key-${index + 1}`,
  "1",
  `id-${index + 1}`,
  "Noted",
  "1",
  JSON.stringify({ _tag: "Noted", text }),
  "{}",
  "0"
]
