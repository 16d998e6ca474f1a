/**
 * Schemas as they are mostly written, parsed without the library's parser: it makes an `Either` for every value that it
 * passes, which for an event of twenty values is most of what reading the event costs.
 *
 * The schema's tree becomes a tree of plain functions. It only knows success: wherever something does not parse, needs an
 * effect, or is of a kind that is not known here, the library's own parser has the say, for that value or for the whole.
 * So what comes out is always what the library would give, errors included; the tests hold the two against each other.
 */
import { type Effect, Either, Option, ParseResult, Predicate, Schema, SchemaAST as AST } from "effect"

/** What a fast parser gives where it has nothing to give. */
const unknownOutcome: unique symbol = Symbol("unknownOutcome")

type Fast = (input: unknown) => unknown

type Parsed<A> = Effect.Effect<A, ParseResult.ParseIssue>

/** What the library's own functions have come to, where they came to a value at once. */
const valueOf = (parsed: unknown): unknown =>
  Either.isEither(parsed) && Either.isRight(parsed) ? parsed.right : unknownOutcome

const isOwn = (input: object, key: PropertyKey): boolean => Object.prototype.hasOwnProperty.call(input, key)

/** Parsing in one direction: from what is stored to the value, or back. */
const make = (isDecoding: boolean) => {
  const library = (ast: AST.AST) => {
    const schema = Schema.make<unknown, unknown>(ast)
    return isDecoding ? ParseResult.decodeUnknown(schema) : ParseResult.encodeUnknown(schema)
  }
  const compiled = new WeakMap<AST.AST, Fast>()

  /** The library's parser for a part of a schema. */
  const byLibrary = (ast: AST.AST): Fast => {
    const parse = library(ast)
    return (input) => valueOf(parse(input))
  }

  const when =
    (holds: (input: unknown) => boolean): Fast =>
    (input) =>
      holds(input) ? input : unknownOutcome

  const refinement = (ast: AST.Refinement): Fast => {
    if (!isDecoding) {
      const [check, inner] = [decoding.compile(AST.typeAST(ast)), compile(withoutRefinement(ast.from))]
      return (input) => {
        const value = check(input)
        return value === unknownOutcome ? unknownOutcome : inner(value)
      }
    }
    const from = compile(ast.from)
    return (input) => {
      const value = from(input)
      return value === unknownOutcome || Option.isSome(ast.filter(value, AST.defaultParseOption, ast))
        ? unknownOutcome
        : value
    }
  }

  /** The properties that moved, or have a default: in the object itself, which nobody else has yet. */
  const properties = (ast: AST.TypeLiteralTransformation): Fast => {
    const steps = ast.propertySignatureTransformations.map(({ decode, encode, from, to }) =>
      isDecoding ? { parse: decode, from, to } : { parse: encode, from: to, to: from }
    )
    return (input) => {
      const object = input as Record<PropertyKey, unknown>
      for (const { from, parse, to } of steps) {
        const value = parse(isOwn(object, from) ? Option.some(object[from]) : Option.none())
        delete object[from]
        if (Option.isSome(value)) object[to] = value.value
      }
      return object
    }
  }

  const transformed = (ast: AST.Transformation): ((value: unknown, input: unknown) => unknown) => {
    const { transformation } = ast
    switch (transformation._tag) {
      case "ComposeTransformation":
        return (value) => value
      case "TypeLiteralTransformation":
        return properties(transformation)
      case "FinalTransformation": {
        const parse = isDecoding ? transformation.decode : transformation.encode
        return (value, input) => valueOf(parse(value, AST.defaultParseOption, ast, input))
      }
    }
  }

  const transformation = (ast: AST.Transformation): Fast => {
    const [first, last] = isDecoding ? [ast.from, ast.to] : [ast.to, ast.from]
    const [from, change, to] = [compile(first), transformed(ast), compile(last)]
    return (input) => {
      const value = from(input)
      if (value === unknownOutcome) return unknownOutcome
      const changed = change(value, input)
      return changed === unknownOutcome ? unknownOutcome : to(changed)
    }
  }

  const declaration = (ast: AST.Declaration): Fast => {
    const parse = (isDecoding ? ast.decodeUnknown : ast.encodeUnknown)(...ast.typeParameters)
    return (input) => valueOf(parse(input, AST.defaultParseOption, ast))
  }

  /** A struct. What is not there is parsed as `undefined`, unless it may be left out. */
  const struct = (ast: AST.TypeLiteral): Fast => {
    const fields = ast.propertySignatures.map(({ isOptional, name, type }) => ({
      isOptional,
      name,
      parse: compile(type)
    }))
    return (input) => {
      if (!Predicate.isRecord(input)) return unknownOutcome
      const output: Record<PropertyKey, unknown> = {}
      for (const { isOptional, name, parse } of fields) {
        if (isOptional && !isOwn(input, name)) continue
        const value = parse(input[name])
        if (value === unknownOutcome) return unknownOutcome
        output[name] = value
      }
      return output
    }
  }

  const list = (element: AST.AST): Fast => {
    const parse = compile(element)
    return (input) => {
      if (!Array.isArray(input)) return unknownOutcome
      const output: Array<unknown> = []
      for (const one of input) {
        const value = parse(one)
        if (value === unknownOutcome) return unknownOutcome
        output.push(value)
      }
      return output
    }
  }

  /** A value or nothing, where what the value is parsed from cannot be nothing. */
  const orNothing = (ast: AST.AST, nothing: ReadonlySet<unknown>): Fast => {
    const parse = compile(ast)
    return (input) => (nothing.has(input) ? input : parse(input))
  }

  const union = (ast: AST.Union): Fast => {
    const nothing = new Set<unknown>(ast.types.flatMap(nothingOf))
    const others = ast.types.filter((member) => nothingOf(member).length === 0)
    const [only] = others
    if (only === undefined) return when((input) => nothing.has(input))
    if (others.length === 1 && isSomething(isDecoding ? AST.encodedAST(only) : AST.typeAST(only))) {
      return orNothing(only, nothing)
    }
    const literals = ast.types.filter(AST.isLiteral)
    if (literals.length < ast.types.length) return byLibrary(ast)
    const values = new Set<unknown>(literals.map(({ literal }) => literal))
    return when((input) => values.has(input))
  }

  const build = (ast: AST.AST): Fast => {
    switch (ast._tag) {
      case "StringKeyword":
        return when(Predicate.isString)
      case "NumberKeyword":
        return when(Predicate.isNumber)
      case "BooleanKeyword":
        return when(Predicate.isBoolean)
      case "Literal":
        return when((input) => input === ast.literal)
      case "UnknownKeyword":
      case "AnyKeyword":
        return (input) => input
      case "Refinement":
        return refinement(ast)
      case "Transformation":
        return transformation(ast)
      case "Declaration":
        return declaration(ast)
      case "TypeLiteral":
        return isPlainStruct(ast) ? struct(ast) : byLibrary(ast)
      case "TupleType": {
        const [element] = ast.rest
        return element !== undefined && ast.elements.length === 0 && ast.rest.length === 1
          ? list(element.type)
          : byLibrary(ast)
      }
      case "Union":
        return union(ast)
      default:
        return byLibrary(ast)
    }
  }

  const compile = (ast: AST.AST): Fast => {
    const known = compiled.get(ast)
    if (known !== undefined) return known
    const fast = hasOwnRules(ast) ? byLibrary(ast) : build(ast)
    compiled.set(ast, fast)
    return fast
  }

  const parser = <A>(ast: AST.AST): ((input: unknown) => Parsed<A>) => {
    const [fast, slow] = [compile(ast), library(ast)]
    return (input) => {
      const value = fast(input)
      return value === unknownOutcome ? (slow(input) as Parsed<A>) : Either.right(value as A)
    }
  }
  return { compile, parser }
}

/** What only the library does: other options for a part, or a value in the place of one that does not decode. */
const hasOwnRules = (ast: AST.AST): boolean =>
  Option.isSome(AST.getParseOptionsAnnotation(ast)) || Option.isSome(AST.getDecodingFallbackAnnotation(ast))

const isPlainStruct = (ast: AST.TypeLiteral): boolean =>
  ast.propertySignatures.length > 0 && ast.indexSignatures.length === 0

const withoutRefinement = (ast: AST.AST): AST.AST => (AST.isRefinement(ast) ? withoutRefinement(ast.from) : ast)

const nothingOf = (ast: AST.AST): ReadonlyArray<null | undefined> =>
  AST.isUndefinedKeyword(ast) ? [undefined] : AST.isLiteral(ast) && ast.literal === null ? [null] : []

/** Whether it certainly is neither null nor undefined. */
const isSomething = (ast: AST.AST): boolean =>
  AST.isStringKeyword(ast) ||
  AST.isNumberKeyword(ast) ||
  AST.isBooleanKeyword(ast) ||
  (AST.isLiteral(ast) && ast.literal !== null) ||
  AST.isTupleType(ast) ||
  (AST.isTypeLiteral(ast) && isPlainStruct(ast)) ||
  (AST.isRefinement(ast) && isSomething(ast.from))

const decoding = make(true)
const encoding = make(false)

/** As `ParseResult.decodeUnknown`: an `Either` wherever no effect is needed. */
export const decodeUnknown = <A, I>(schema: Schema.Schema<A, I>): ((input: unknown) => Parsed<A>) =>
  decoding.parser(schema.ast)

/** As `ParseResult.encode`. */
export const encode = <A, I>(schema: Schema.Schema<A, I>): ((value: A) => Parsed<I>) => encoding.parser(schema.ast)
