import { EventFormat, Journal, Tagging, Upcast } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Either, Fiber, Schema, TestClock } from "effect"
import { parsed } from "./fixtures/parsed.js"

class Moved extends Schema.TaggedClass<Moved>()("Moved", { to: Schema.NonEmptyString, at: Schema.DateTimeUtc }) {}
const MovedV1 = Schema.TaggedStruct("Moved", { to: Schema.String, day: Schema.String })
const at = DateTime.unsafeMake("2020-02-02T00:00:00Z")

describe("an upcast", () => {
  const upcast = Upcast.make(MovedV1, Moved, ({ day, to }) => new Moved({ to, at: DateTime.unsafeMake(day) }))
  const format = EventFormat.make({ label: "Moves", event: Moved, upcasts: { Moved: [upcast] } })
  const read = (to: string, day: string) => format.decode("Moved", 1, { _tag: "Moved", to, day })

  it("reads the older shape by a function", () => {
    expect(parsed(read("Kiel", "2020-02-02"))).toEqual(new Moved({ to: "Kiel", at }))
  })

  it("that makes no valid event leaves the event undecodable, and says why", () => {
    const why = (result: EventFormat.Parsed<Moved, EventFormat.Unreadable>) =>
      Effect.runSync(Effect.flip(result)).message
    expect(why(read("", "2020-02-02"))).toMatch(/^type "Moved", version 1: [^]*non empty string/)
    expect(why(read("Kiel", "never"))).toMatch(/^type "Moved", version 1: [^]*IllegalArgumentException/)
  })

  it("never writes", () => {
    expect(Schema.encodeEither(upcast)(new Moved({ to: "Kiel", at }))).toMatchObject({
      _tag: "Left",
      left: { message: expect.stringContaining("an upcast only reads") }
    })
  })

  it("can be any schema: a transformation, or the current one where it still reads the older shape", () => {
    const Named = Schema.TaggedStruct("Named", {
      name: Schema.String,
      rank: Schema.optionalWith(Schema.Int, { default: () => 0 })
    })
    const transform = Schema.transform(Schema.TaggedStruct("Named", { n: Schema.String }), Named, {
      strict: true,
      decode: ({ n }) => ({ _tag: "Named" as const, name: n }),
      encode: ({ name }) => ({ _tag: "Named" as const, n: name })
    })
    const named = EventFormat.make({ label: "Names", event: Named, upcasts: { Named: [transform, Named] } })
    const event = { _tag: "Named", name: "ann", rank: 0 } as const
    expect(parsed(named.decode("Named", 1, { _tag: "Named", n: "ann" }))).toEqual(event)
    expect(parsed(named.decode("Named", 2, { _tag: "Named", name: "ann" }))).toEqual(event)
    expect(parsed(named.encode(event))).toEqual({ type: "Named", version: 3, encoded: event })
  })
})

describe("a schema that takes its time", () => {
  const Slow = Schema.transformOrFail(Schema.String, Schema.String, {
    strict: true,
    decode: (text) => Effect.delay(Effect.succeed(`${text}!`), "1 minute"),
    encode: (text) => Effect.delay(Effect.succeed(text.slice(0, -1)), "1 minute")
  })
  const Said = Schema.TaggedStruct("Said", { text: Slow })
  const format = EventFormat.make({ label: "Speech", event: Said, upcasts: { Called: [Said] } })

  it.effect("works, as an effect", () =>
    Effect.gen(function* () {
      const written = format.encode({ _tag: "Said", text: "hi!" })
      expect(Either.isEither(written)).toBe(false)
      const writing = yield* Effect.fork(written)
      yield* TestClock.adjust("1 minute")
      const { encoded, type, version } = yield* Fiber.join(writing)
      expect({ encoded, type, version }).toEqual({ encoded: { _tag: "Said", text: "hi" }, type: "Said", version: 1 })
      const reading = yield* Effect.fork(format.decode(type, version, encoded))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(reading)).toEqual({ _tag: "Said", text: "hi!" })
      expect(yield* Effect.flip(format.decode(type, version, { text: 7 }))).toMatchObject({ reason: "Undecodable" })
    })
  )
})

describe("upcasts that are of no use are refused when the class is made:", () => {
  const make = (upcasts: unknown) => () =>
    Journal.Tag<never>()("Moves", { event: Moved, tagging: Tagging.single("Moves"), upcasts: upcasts as never })

  it("an empty list", () => {
    expect(make({ Moved: [] })).toThrow(RangeError)
    expect(make({ Moved: [] })).toThrow('Moves: the list of upcasts of "Moved" is empty')
  })

  it("what is no list, and what is no schema", () => {
    expect(make({ Moved: MovedV1 })).toThrow(TypeError)
    expect(make({ Moved: MovedV1 })).toThrow('Moves: the list of upcasts of "Moved" is no list')
    expect(make({ Moved: [Moved, undefined] })).toThrow(TypeError)
    expect(make({ Moved: [Moved, undefined] })).toThrow(
      'Moves: the list of upcasts of "Moved" has no schema for version 2'
    )
  })
})
