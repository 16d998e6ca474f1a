/**
 * The protocol of an entity as it crosses the wire, built from its commands at run time: each payload carries the
 * entity's key and the command's id and metadata, each answer the sequence it left, each error may also be `CommandFailed`.
 *
 * The commands' types are known to whoever declares the entity and lost in a list of them; the functions here are where
 * they are dropped and taken up again.
 */
import { Rpc, RpcGroup } from "@effect/rpc"
import { Context, Effect, Option, Schema, Tracer } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Metadata } from "../EntityEvent.js"
import type { Answer, Dispatch, Envelope, WireCommand, WireProtocol } from "../Registration.js"
import * as CommandMetadata from "./commandMetadata.js"
import type { Command, Session } from "./instance.js"

/** See `EventSourced.CachedRead`. */
export class CachedRead extends Context.Reference<CachedRead>()("@aecor/core/EventSourced/CachedRead", {
  defaultValue: (): boolean => false
}) {}

export interface Wire<Rpcs extends Rpc.Any> {
  readonly protocol: RpcGroup.RpcGroup<Rpcs>
  readonly commands: ReadonlyArray<Rpc.AnyWithProps>
  readonly group: WireProtocol
}

// Every command was made by `Rpc.make`, so it has its schemas: `Rpc.Any` only hides them. An entity's schemas need no
// services, which `Schema.Any` cannot say.
const withProps = (rpc: Rpc.Any): Rpc.AnyWithProps => rpc as Rpc.Any & Rpc.AnyWithProps
const schemaOf = (schema: Schema.Schema.All): Schema.Schema<unknown, unknown> =>
  schema as Schema.Schema<unknown, unknown>

const onTheWire = (rpc: Rpc.AnyWithProps): WireCommand => {
  const payload: Schema.Schema<Envelope> = Schema.Struct({
    key: Schema.String,
    id: Schema.String,
    command: schemaOf(rpc.payloadSchema as Schema.Schema.All),
    metadata: Schema.Record({ key: Schema.String, value: Schema.String })
  })
  const success: Schema.Schema<Answer> = Schema.Struct({
    value: schemaOf(rpc.successSchema),
    sequence: Schema.NonNegativeInt
  })
  const error: Schema.Schema<unknown, unknown> = Schema.Union(schemaOf(rpc.errorSchema), CommandFailed)
  return Rpc.make(rpc._tag, { payload, success, error })
}

/** A message that does nothing but wake a shard. A node sends it to itself only. */
export const wake = onTheWire(Rpc.make("aecor/Wake"))

export const make = <const Rpcs extends ReadonlyArray<Rpc.Any>>(protocol: Rpcs): Wire<Rpcs[number]> => {
  const commands = protocol.map(withProps)
  return { protocol: RpcGroup.make(...protocol), commands, group: RpcGroup.make(...commands.map(onTheWire)) }
}

type Untyped<S, E> = (command: unknown, session: Session<S, E>) => Effect.Effect<unknown, unknown, unknown>

/** Handlers of a protocol as the instance runs them, with the services they need. */
export const commands = <S, E>(
  wire: { readonly commands: ReadonlyArray<Rpc.AnyWithProps> },
  handlers: object,
  context: Context.Context<never>
): ReadonlyMap<string, Command<S, E>> => {
  const handlerOf = new Map(Object.entries(handlers as Record<string, Untyped<S, E>>))
  // a handler works in the trace of the command, not in the one in which its layer was built
  const services = Context.omit(Tracer.ParentSpan)(context)
  return new Map(
    wire.commands.flatMap((rpc) =>
      Option.match(Option.fromNullable(handlerOf.get(rpc._tag)), {
        onNone: () => [],
        onSome: (handler) => [[rpc._tag, commandOf(rpc, handler, services)] as const]
      })
    )
  )
}

const commandOf = <S, E>(
  rpc: Rpc.AnyWithProps,
  handler: Untyped<S, E>,
  context: Context.Context<never>
): Command<S, E> => {
  const json = Schema.parseJson(schemaOf(rpc.successSchema))
  const answersNothing = rpc.successSchema === Schema.Void
  const encode = Schema.encode(json)
  const decode = Schema.decode(json)
  return {
    handle: (command, session) => Effect.provide(handler(command, session), context) as Effect.Effect<unknown, unknown>,
    // a value that its own schema refuses is the handler's mistake, not the caller's
    encodeReply: (value) => (answersNothing ? Effect.succeed(undefined) : Effect.catchAll(encode(value), Effect.die)),
    decodeReply: (stored) =>
      stored === undefined ? Effect.succeed(undefined) : Effect.catchAll(decode(stored), Effect.die),
    cachedRead: Context.get(rpc.annotations, CachedRead)
  }
}

/** How a command is sent: `EventSourced.SendOptions`. */
interface SendOptions {
  readonly commandId?: string
  readonly metadata?: Metadata
}

/** The client of a protocol: a function from a key to one sending function a command, and the same with receipts. */
export const client = <Client>(
  wire: { readonly commands: ReadonlyArray<Rpc.AnyWithProps> },
  dispatch: Dispatch
): Client => {
  const constructors = new Map(wire.commands.map((rpc) => [rpc._tag, constructorOf(rpc)] as const))
  const sending = (answer: (key: string, answer: Answer) => unknown) => (key: string) =>
    Object.fromEntries(
      [...constructors].map(([tag, construct]) => [
        tag,
        (command: unknown, options?: SendOptions) =>
          Effect.contextWithEffect((context: Context.Context<never>) => {
            const id = options?.commandId ?? globalThis.crypto.randomUUID()
            const span = Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))
            const metadata = CommandMetadata.ofCaller(options?.metadata, span)
            const sent = dispatch(tag, { key, id, command: construct(command), metadata })
            return Effect.map(sent, (_) => answer(key, _))
          })
      ])
    )
  return Object.assign(
    sending((_, answer) => answer.value),
    { receipts: sending((key, answer) => ({ value: answer.value, key, sequence: answer.sequence })) }
  ) as Client
}

/** What a caller writes becomes the command's own type: defaults are filled in, filters checked. */
const constructorOf = (rpc: Rpc.AnyWithProps): ((command: unknown) => unknown) => {
  const payload: object = rpc.payloadSchema
  return "make" in payload && typeof payload.make === "function"
    ? (command) => (payload.make as (command: unknown) => unknown)(command ?? {})
    : (command) => command
}
