import { describe, expect, it } from "@effect/vitest"
import { Arbitrary, Effect, Either, FastCheck as fc, type ParseResult, ParseResult as Library, Schema } from "effect"
import * as SchemaParser from "../src/internal/schemaParser.js"

class Point extends Schema.Class<Point>("Point")({ x: Schema.Int, label: Schema.optional(Schema.String) }) {}
class Placed extends Schema.TaggedClass<Placed>()("Placed", {
  at: Schema.DateTimeUtc,
  points: Schema.Array(Point),
  note: Schema.NullOr(Schema.Trim),
  seats: Schema.NonEmptyArray(Schema.Struct({ row: Schema.String, number: Schema.Int.pipe(Schema.between(1, 40)) }))
}) {}

interface Tree {
  readonly value: number
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Schema<Tree> = Schema.Struct({
  value: Schema.Number,
  children: Schema.Array(Schema.suspend((): Schema.Schema<Tree> => Tree))
})

const schemas: Record<string, Schema.Schema.Any> = {
  keywords: Schema.Struct({ a: Schema.String, b: Schema.Number, c: Schema.Boolean, d: Schema.Unknown, e: Schema.Null }),
  literals: Schema.Struct({ one: Schema.Literal("a"), some: Schema.Literal("a", 1, true, null) }),
  refined: Schema.Struct({ n: Schema.Int, s: Schema.String.pipe(Schema.minLength(2), Schema.pattern(/^[a-c]*$/)) }),
  optional: Schema.Struct({
    a: Schema.optional(Schema.Int),
    b: Schema.optionalWith(Schema.Int, { exact: true }),
    c: Schema.optionalWith(Schema.Int, { default: () => 7 }),
    d: Schema.optionalWith(Schema.Int, { as: "Option" }),
    e: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("stored")),
    f: Schema.UndefinedOr(Schema.String)
  }),
  nothing: Schema.Struct({
    struct: Schema.NullOr(Schema.Struct({ a: Schema.Int })),
    both: Schema.NullishOr(Schema.NumberFromString),
    unknown: Schema.NullOr(Schema.Unknown),
    nested: Schema.NullOr(Schema.OptionFromNullOr(Schema.String)),
    only: Schema.Union(Schema.Null, Schema.Undefined)
  }),
  lists: Schema.Struct({
    list: Schema.Array(Schema.NumberFromString),
    pair: Schema.Tuple(Schema.String, Schema.optionalElement(Schema.Int)),
    rest: Schema.Tuple([Schema.String], Schema.Int, Schema.Boolean)
  }),
  some: Schema.Tuple([Schema.Int], Schema.Int),
  unions: Schema.Struct({
    tagged: Schema.Union(Schema.TaggedStruct("A", { n: Schema.Int }), Schema.TaggedStruct("B", { n: Schema.String })),
    first: Schema.Union(Schema.NumberFromString, Schema.String),
    overlapping: Schema.Union(Schema.Struct({ a: Schema.Int }), Schema.Struct({ a: Schema.Int, b: Schema.Int }))
  }),
  records: Schema.Struct({
    record: Schema.Record({ key: Schema.String, value: Schema.Int }),
    both: Schema.Struct({ a: Schema.Int }, Schema.Record({ key: Schema.String, value: Schema.Int })),
    empty: Schema.Struct({})
  }),
  ownRules: Schema.Struct({
    strict: Schema.Struct({ a: Schema.Int }).annotations({ parseOptions: { onExcessProperty: "error" } }),
    fallback: Schema.Int.annotations({ decodingFallback: () => Effect.succeed(3) })
  }),
  transformed: Schema.Struct({
    date: Schema.Date,
    trimmed: Schema.Trim,
    json: Schema.parseJson(Schema.Struct({ a: Schema.Int })),
    composed: Schema.compose(Schema.NumberFromString, Schema.Int),
    effectful: Schema.transformOrFail(Schema.String, Schema.String, {
      strict: true,
      decode: (text) => Effect.succeed(text.toUpperCase()).pipe(Effect.tap(() => Effect.yieldNow())),
      encode: (text) => Effect.succeed(text)
    })
  }),
  chunks: Schema.Struct({
    chunk: Schema.Chunk(Schema.Int),
    set: Schema.Set(Schema.String),
    map: Schema.HashMap({ key: Schema.String, value: Schema.Int })
  }),
  prototype: Schema.Struct({ ["__proto__"]: Schema.Struct({ a: Schema.Int }), b: Schema.Int }).annotations({
    arbitrary: () => (check) => check.constant(JSON.parse('{ "__proto__": { "a": 1 }, "b": 2 }'))
  }),
  placed: Placed,
  point: Point,
  tree: Tree
}

/** Anything a storage may hold; often with the names that the schemas know. */
const anything = fc.letrec<{ readonly value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, undefined, true, 0, 1, 1.5, Number.NaN, "", "a", "ab", "12", "A", "2024-01-01T00:00:00.000Z"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "_tag", "x", "label", "__proto__", "other"), tie("value"), {
      maxKeys: 4
    })
  )
})).value

/** A value with one place in it that is another, or gone, or too many. */
const damaged = (value: unknown, dice: number, other: unknown): unknown => {
  if (Array.isArray(value) && value.length > 0) {
    return value.map((one, i) => (i === dice % value.length ? damaged(one, dice >> 3, other) : one))
  }
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return other
  const key = Object.keys(value)[dice % Object.keys(value).length] ?? ""
  const { [key]: one, ...rest } = value as Record<string, unknown>
  if (dice % 5 === 0) return rest
  return dice % 5 === 1 ? { ...value, unheardOf: other } : { ...rest, [key]: damaged(one, dice >> 3, other) }
}

/** What came of it, to be compared: the class of every object counts, and whether a property is there. */
const outcome = (parsed: Effect.Effect<unknown, ParseResult.ParseIssue>) =>
  Effect.map(Effect.either(parsed), Either.mapLeft(Library.TreeFormatter.formatIssueSync))

describe.each(Object.entries(schemas))("of %s", (_name, any) => {
  const schema = any as Schema.Schema<unknown, unknown>
  const decodes = { fast: SchemaParser.decodeUnknown(schema), slow: Library.decodeUnknown(schema) }
  const encodes = { fast: SchemaParser.encode(schema), slow: Library.encode(schema) }
  const same = ({ fast, slow }: typeof decodes, input: unknown) =>
    Effect.gen(function* () {
      const before = JSON.stringify(input)
      const [expected, found] = [yield* outcome(slow(input)), yield* outcome(fast(input))]
      expect(found).toStrictEqual(expected)
      expect(JSON.stringify(input)).toBe(before)
      return found
    })
  const valid = fc.noShrink(Arbitrary.make(schema))

  it("what was encoded decodes to what the library gives, and encodes the same", () =>
    fc.assert(
      fc.asyncProperty(valid, async (value) => {
        const [fast, slow] = await Effect.runPromise(
          Effect.all([outcome(encodes.fast(value)), outcome(encodes.slow(value))])
        )
        expect(fast).toStrictEqual(slow)
        if (Either.isRight(slow)) await Effect.runPromise(same(decodes, slow.right))
      })
    ))

  it("what is damaged, or anything else, comes to what the library says", () =>
    fc.assert(
      fc.asyncProperty(valid, fc.nat(), anything, async (value, dice, other) => {
        const encoded = await Effect.runPromise(Effect.orElseSucceed(encodes.slow(value), () => other))
        expect.hasAssertions()
        await Effect.runPromise(same(decodes, damaged(encoded, dice, other)))
        await Effect.runPromise(same(decodes, other))
        await Effect.runPromise(same(encodes, damaged(value, dice, other)))
      })
    ))
})
