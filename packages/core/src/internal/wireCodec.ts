/** What values become by crossing the wire: they are encoded and decoded, so that what arrives shares nothing. */
import { Rpc } from "@effect/rpc"
import { Effect, Either, Exit, ParseResult, type Schema } from "effect"
import type { Answer, Envelope, WireCommand } from "../Registration.js"
import * as SchemaParser from "./schemaParser.js"

export interface Codec {
  readonly payload: (envelope: Envelope) => Effect.Effect<Envelope>
  /** The exit as its caller sees it. */
  readonly exit: (exit: Exit.Exit<Answer, unknown>) => Effect.Effect<Answer, unknown>
}

/** What a schema made of a value at once, as nearly all do. */
const isReady = <A, X>(parsed: Effect.Effect<A, X>): parsed is Either.Right<X, A> =>
  Either.isEither(parsed) && Either.isRight(parsed)

/** A value that its own schema refuses is a defect. `between` is what happens to it on its way. */
const across = <A, I>(schema: Schema.Schema<A, I>, between: (encoded: I) => unknown) => {
  const encode = SchemaParser.encode(schema)
  const decode = SchemaParser.decodeUnknown(schema)
  return (value: A): Effect.Effect<A> =>
    Effect.suspend(() => {
      const encoded = encode(value)
      const received = isReady(encoded)
        ? decode(between(encoded.right))
        : Effect.flatMap(encoded, (late) => decode(between(late)))
      return Effect.catchAll(received, (issue) => Effect.die(ParseResult.parseError(issue)))
    })
}

export const make = (rpc: WireCommand, between: (encoded: unknown) => unknown = (encoded) => encoded): Codec => {
  const payload = across(rpc.payloadSchema, between)
  const success = across(rpc.successSchema, between)
  const failure = across(rpc.errorSchema, between)
  const exits = across(Rpc.exitSchema(rpc), between)
  return {
    payload,
    exit: (exit) => {
      if (Exit.isSuccess(exit)) return success(exit.value)
      return exit.cause._tag === "Fail"
        ? Effect.flatMap(failure(exit.cause.error), Effect.fail)
        : Effect.flatten(exits(exit))
    }
  }
}
