/** Examples of stored events, made up from a schema: the same ones each time. */
import { Arbitrary, Data, Effect, FastCheck, type ParseResult, Schema, SchemaAST as AST } from "effect"
import type { Upcast } from "../../Upcast.js"

/** What is stored, before any transformation of the whole: the fields of a class, the older shape of an upcast. */
const storedSide = (ast: AST.AST): AST.AST =>
  AST.isTransformation(ast) || AST.isRefinement(ast) ? storedSide(ast.from) : ast

/** Nothing can be made up from the schema. */
class NoExample extends Data.TaggedError("NoExample")<{ readonly message: string }> {}

/** How many values are tried, and how many numbers one of them may be made of. */
const tries = 20
const draws = 50_000

/** What becomes of the first example that `use` succeeds on. */
export const madeUp = <E, A, Error>(
  schema: Upcast<E>,
  use: (example: unknown) => Effect.Effect<A, Error>
): Effect.Effect<A, Error | ParseResult.ParseError | NoExample> => {
  const stored = Schema.make<unknown>(storedSide(schema.ast))
  const encode = Schema.encode(stored)
  const value = (seed: number) =>
    Effect.try({
      try: () => FastCheck.sample(Arbitrary.make(stored), { seed, numRuns: 1, randomType })[0],
      catch: (cause) => new NoExample({ message: String(cause) })
    })
  const attempt = (_: unknown, seed: number) => value(seed).pipe(Effect.flatMap(encode), Effect.flatMap(use))
  return Effect.firstSuccessOf(Array.from({ length: tries }, attempt))
}

/** Where the numbers come from: not without end, as a filter that nothing passes would ask for ever. */
const randomType = (seed: number) => numbers(seed, { draws })

interface Numbers {
  readonly clone: () => Numbers
  readonly next: () => [number, Numbers]
  readonly unsafeNext: () => number
}

/** The generator mulberry32; its copies share what is left to draw. */
const numbers = (seed: number, left: { draws: number }): Numbers => {
  let state = seed
  const unsafeNext = (): number => {
    if (--left.draws < 0) throw new RangeError("its filters let next to nothing pass")
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    const again = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return again ^ (again >>> 14)
  }
  const clone = () => numbers(state, left)
  const next = (): [number, Numbers] => {
    const after = clone()
    return [after.unsafeNext(), after]
  }
  return { clone, next, unsafeNext }
}
