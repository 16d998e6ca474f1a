/**
 * What an entity tells the host that serves it. For those who write a host; applications never touch it.
 *
 * @since 0.1.0
 */
import type { Rpc, RpcGroup } from "@effect/rpc"
import type { Effect, Schema } from "effect"
import type { Metadata } from "./EntityEvent.js"

/**
 * A command on its way to the entity of a key. The id stays the same when it is sent again, which makes the repeat
 * harmless. The metadata is stored with the command's events.
 *
 * @since 0.1.0
 * @category models
 */
export interface Envelope {
  readonly key: string
  readonly id: string
  readonly command: unknown
  readonly metadata: Metadata
}

/**
 * A command's answer, with the sequence of the key's last event after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly value: unknown
  readonly sequence: number
}

/**
 * A command as it crosses the wire: an envelope in, an answer or an error out.
 *
 * @since 0.1.0
 * @category models
 */
export type WireCommand = Rpc.Rpc<
  string,
  Schema.Schema<Envelope>,
  Schema.Schema<Answer>,
  Schema.Schema<unknown, unknown>
>

/**
 * The commands of an entity as they cross the wire.
 *
 * @since 0.1.0
 * @category models
 */
export type WireProtocol = RpcGroup.RpcGroup<WireCommand>

/**
 * Runs a command of a given tag. One at a time: the host sees to it.
 *
 * @since 0.1.0
 * @category models
 */
export type Run = (tag: string, envelope: Envelope) => Effect.Effect<Answer, unknown>

/**
 * An entity's name, its protocol on the wire, and how to run commands on a key. `make` is called each time an entity
 * wakes; what it returns keeps the entity's cached state until it sleeps.
 *
 * @since 0.1.0
 * @category models
 */
export interface Registration {
  readonly name: string
  readonly wire: WireProtocol
  readonly make: (key: string) => Run
}

/**
 * Sends a command to its entity and waits for its answer.
 *
 * @since 0.1.0
 * @category models
 */
export type Dispatch = (tag: string, envelope: Envelope) => Effect.Effect<Answer, unknown>
