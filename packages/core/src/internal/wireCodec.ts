/** What values become by crossing the wire: they are encoded and decoded, so that what arrives shares nothing. */
import { Rpc } from "@effect/rpc"
import { Effect, Exit, Schema } from "effect"
import type { Answer, Envelope, WireCommand } from "../Registration.js"

export interface Codec {
  readonly payload: (envelope: Envelope) => Effect.Effect<Envelope>
  /** The exit as its caller sees it. */
  readonly exit: (exit: Exit.Exit<Answer, unknown>) => Effect.Effect<Answer, unknown>
}

/** A value that its own schema refuses is a defect. `between` is what happens to it on its way. */
const across = <A, I>(schema: Schema.Schema<A, I>, between: (encoded: I) => unknown) => {
  const encode = Schema.encode(schema)
  const decode = Schema.decodeUnknown(schema)
  return (value: A): Effect.Effect<A> =>
    Effect.catchAll(
      Effect.flatMap(encode(value), (encoded) => decode(between(encoded))),
      Effect.die
    )
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
