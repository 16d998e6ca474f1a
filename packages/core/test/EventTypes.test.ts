import { EventFormat } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { parsed } from "./fixtures/parsed.js"

describe("the schema of a type is found", () => {
  const A = Schema.TaggedStruct("A", { n: Schema.NumberFromString })
  const B = Schema.TaggedStruct("B", {})
  const make = <E extends { readonly _tag: string }, I>(event: Schema.Schema<E, I>) =>
    EventFormat.make({ label: "Some", event })
  const typesOf = <E>(format: EventFormat.EventFormat<E>) => format.shapes.map(({ type }) => type)

  it("in unions of unions", () => {
    const some = make(Schema.Union(Schema.Union(A, B), Schema.TaggedStruct("C", {})))
    expect(typesOf(some)).toEqual(["A", "B", "C"])
    expect(parsed(some.decode("A", 1, { _tag: "A", n: "7" }))).toEqual({ _tag: "A", n: 7 })
    expect(some.decode("A", 1, { _tag: "B" })).toMatchObject({ left: { reason: "Undecodable", type: "A" } })
  })

  it("whatever the name of the type", () => {
    const some = make(Schema.TaggedStruct("constructor", {}))
    expect(some.shapes).toMatchObject([{ type: "constructor", version: 1, current: true }])
    expect(parsed(some.decode("constructor", 1, { _tag: "constructor" }))).toEqual({ _tag: "constructor" })
  })

  it("in a schema that is no union, or that transforms or filters one", () => {
    expect(typesOf(make(A))).toEqual(["A"])
    const even = make(Schema.Union(A, B).pipe(Schema.filter((event) => event._tag === "B" || event.n % 2 === 0)))
    expect(typesOf(even)).toEqual(["A", "B"])
    expect(parsed(even.decode("A", 1, { _tag: "A", n: "8" }))).toEqual({ _tag: "A", n: 8 })
    expect(even.decode("A", 1, { _tag: "A", n: "7" })).toMatchObject({ left: { reason: "Undecodable" } })
    const wrapped = make(
      Schema.transform(Schema.Struct({ inner: Schema.typeSchema(A) }), Schema.typeSchema(Schema.Union(A, B)), {
        strict: true,
        decode: ({ inner }) => inner,
        encode: () => ({ inner: A.make({ n: 0 }) })
      })
    )
    expect(parsed(wrapped.decode("A", 1, { inner: { _tag: "A", n: 7 } }))).toEqual({ _tag: "A", n: 7 })
  })

  it("where the tag is not among what is encoded", () => {
    const bare = (tag: "In" | "Out") =>
      Schema.Struct({ amount: Schema.Int }).pipe(Schema.attachPropertySignature("_tag", tag))
    const some = make(Schema.Union(bare("In"), bare("Out")))
    expect(some.encode({ _tag: "Out", amount: 7 })).toEqual(
      Either.right({ type: "Out", version: 1, encoded: { amount: 7 } })
    )
    expect(parsed(some.decode("Out", 1, { amount: 7 }))).toEqual({ _tag: "Out", amount: 7 })
  })

  it("where members share a tag, or one has several", () => {
    const small = Schema.Struct({ _tag: Schema.Literal("A", "B"), size: Schema.Literal("small") })
    const large = Schema.Struct({ _tag: Schema.Literal("A"), size: Schema.Literal("large") })
    const some = make(Schema.Union(small, large))
    expect(typesOf(some)).toEqual(["A", "B"])
    for (const size of ["small", "large"])
      expect(parsed(some.decode("A", 1, { _tag: "A", size }))).toEqual({ _tag: "A", size })
  })

  it("and what a union says of its parsing holds", () => {
    const strict = make(Schema.Union(A, B).annotations({ parseOptions: { onExcessProperty: "error" } }))
    expect(strict.decode("B", 1, { _tag: "B", more: true })).toMatchObject({ left: { reason: "Undecodable" } })
    expect(parsed(make(Schema.Union(A, B)).decode("B", 1, { _tag: "B", more: true }))).toEqual({ _tag: "B" })
  })

  it("nowhere where the tag is no literal: such events are refused, by name", () => {
    const Open = Schema.Struct({ _tag: Schema.String }).annotations({ identifier: "OpenEvent" })
    const Half = Schema.Struct({ _tag: Schema.Union(Schema.Literal("A"), Schema.String) })
    class Plain {
      readonly _tag = "Plain"
    }
    expect(() => make(Half)).toThrow(TypeError)
    expect(() => make(Schema.Union(B, Schema.instanceOf(Plain)))).toThrow(TypeError)
    expect(() => make(Schema.Union(A, Open))).toThrow(TypeError)
    expect(() => make(Schema.Union(A, Open))).toThrow("Some: the events OpenEvent have no literal _tag")
  })
})
