/**
 * An entity: commands in, events out. Its class is the tag of its client; its journal, its fold and its protocol stand
 * in the class once, its handlers are given with the layer that serves it.
 *
 * Guarantees: one command at a time a key; the events of a command are stored whole or not at all; a rejection stores
 * nothing; a command that stored events, among the last 256 of its key, is recognised by its id when it is delivered
 * again, and answers what it answered before. One that stored nothing is decided again. One whose id is ordered
 * (`CommandId`) is not run again however many came between. Not guaranteed: that a handler
 * runs once. It may run again after a conflict with another writer, so effects outside the journal must bear a
 * repeat.
 *
 * @since 0.1.0
 */
import type { Rpc, RpcGroup } from "@effect/rpc"
import { Clock, Context, DateTime, Effect, type Either, Layer } from "effect"
import type { CommandFailed } from "./CommandFailed.js"
import type { Metadata } from "./EntityEvent.js"
import { EntityHost } from "./EntityHost.js"
import type { Fold } from "./Fold.js"
import * as Instance from "./internal/instance.js"
import * as Snapshots from "./internal/snapshots.js"
import * as Wire from "./internal/wire.js"
import type * as Journal from "./Journal.js"
import type { Snapshotting } from "./Snapshotting.js"

/**
 * What a handler sees of its entity: the state and the sequence, both including what this command has appended so far,
 * and the way to append. An append becomes durable when the handler succeeds, and is discarded when it fails.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session<S, E> {
  readonly state: Effect.Effect<S>
  readonly sequence: Effect.Effect<number>
  readonly append: (...events: ReadonlyArray<E>) => Effect.Effect<void>
}

/**
 * A handler for each command of a protocol. A failure is a rejection; a defect reaches the caller as a defect.
 *
 * @since 0.1.0
 * @category models
 */
export type Handlers<Rpcs extends Rpc.Any, S, E, R = unknown> = {
  readonly [Command in Rpcs as Command["_tag"]]: (
    command: Rpc.Payload<Command>,
    session: Session<S, E>
  ) => Effect.Effect<Rpc.Success<Command>, Rpc.Error<Command>, R>
}

/**
 * The services that handlers need.
 *
 * @since 0.1.0
 * @category models
 */
export type HandlersContext<H> = {
  readonly [K in keyof H]: H[K] extends (...args: ReadonlyArray<never>) => Effect.Effect<infer _A, infer _E, infer R>
    ? R
    : never
}[keyof H]

/**
 * A command's answer with the place it left the entity at: hand it to `ViewStore.awaitReceipt` to read one's own write.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receipt<out A> {
  readonly value: A
  readonly key: string
  readonly sequence: number
}

/**
 * How a command is sent.
 *
 * - `commandId` names it: sent again under the same id, one that stored events (among the last 256 of its key) answers as
 *   before instead of running twice. An id belongs to one command of the key: another one under it fails with
 *   `CommandFailed`, reason `CommandIdReused`; the same one with another payload is taken for its repeat. A random one is
 *   made by default, so only the transport's repeats are recognised. `CommandId.ordered` makes ids of a source that sends
 *   in an order, which are recognised for ever.
 * - `metadata` is stored with each of the command's events; `EntityEvent.causedBy` makes that of a reaction to an event.
 *   Keys that start with `aecor.` are the library's: using one is a defect of the caller. Where the caller is in a
 *   sampled span, its W3C trace context is stored as `traceparent`, unless the metadata has one.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendOptions {
  readonly commandId?: string
  readonly metadata?: Metadata
}

/**
 * One sending function for each command; each answers through `Answer`.
 *
 * @since 0.1.0
 * @category models
 */
export type Commands<Rpcs extends Rpc.Any> = {
  readonly [Command in Rpcs as Command["_tag"]]: (
    command: Rpc.PayloadConstructor<Command>,
    options?: SendOptions
  ) => Effect.Effect<Rpc.Success<Command>, Rpc.Error<Command> | CommandFailed>
}

/**
 * As `Commands`, answering with receipts.
 *
 * @since 0.1.0
 * @category models
 */
export type ReceiptCommands<Rpcs extends Rpc.Any> = {
  readonly [Command in Rpcs as Command["_tag"]]: (
    command: Rpc.PayloadConstructor<Command>,
    options?: SendOptions
  ) => Effect.Effect<Receipt<Rpc.Success<Command>>, Rpc.Error<Command> | CommandFailed>
}

/**
 * The way to an entity: `booking("b-1").Place({ … })`, or `booking.receipts("b-1").Place({ … })` for the answer with
 * its place in the journal.
 *
 * @since 0.1.0
 * @category models
 */
export interface Client<Rpcs extends Rpc.Any> {
  (key: string): Commands<Rpcs>
  readonly receipts: (key: string) => ReceiptCommands<Rpcs>
}

/**
 * What an entity's class tells: how its state is computed, what it understands, and the services that it needs for its
 * events and its snapshots (`J`): its journal, and `SnapshotStore` only where it asks for snapshots.
 *
 * @since 0.1.0
 * @category models
 */
export interface EventSourcedClass<Self, Name extends string, Rpcs extends Rpc.Any, S, E, J> extends Context.TagClass<
  Self,
  `@aecor/EventSourced/${Name}`,
  Client<Rpcs>
> {
  readonly protocol: RpcGroup.RpcGroup<Rpcs>
  readonly fold: Fold<S, E>
  /** Checks handlers against the protocol and gives them back: for handlers that stand apart from the layer. */
  readonly handlers: <H extends Handlers<Rpcs, S, E>>(handlers: H) => H
  /** Serves the entity on this node, and gives the way to it. */
  readonly layer: <H extends Handlers<Rpcs, S, E>, RX = never>(
    handlers: H | Effect.Effect<H, never, RX>
  ) => Layer.Layer<Self, never, EntityHost | J | RX | HandlersContext<H>>
  /** The way to the entity, for nodes that only call. */
  readonly layerClient: Layer.Layer<Self, never, EntityHost>
}

/**
 * Marks a command that only reads and for which the state in memory is good enough: it is answered without asking the
 * journal whether another node has written since.
 *
 * @example
 * ```ts
 * Rpc.make("Status", { success: Status }).annotate(EventSourced.CachedRead, true)
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const CachedRead: Context.Reference<Wire.CachedRead, boolean> = Wire.CachedRead

/**
 * A handler that decides purely: from the state, the command and the time to the events that happen, or a rejection.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decide =
  <S, C, E, Rejection>(
    decision: (state: S, command: C, now: DateTime.Utc) => Either.Either<ReadonlyArray<E>, Rejection>
  ) =>
  (command: C, session: Session<S, E>): Effect.Effect<void, Rejection> =>
    Effect.gen(function* () {
      const state = yield* session.state
      const now = DateTime.unsafeMake(yield* Clock.currentTimeMillis)
      const events = yield* decision(state, command, now)
      yield* session.append(...events)
    })

/**
 * The class of an entity. With `snapshots` its state is saved now and then in the `SnapshotStore`, which its layer then
 * needs, so that a long history is not read from its beginning each time that it wakes.
 *
 * @example
 * ```ts
 * class Counter extends EventSourced.Tag<Counter>()("Counter", {
 *   journal: CounterJournal,
 *   fold,
 *   protocol: [Rpc.make("Increment", { payload: { by: Schema.Int } }), Rpc.make("Value", { success: Schema.Int })]
 * }) {}
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const Tag =
  <Self>() =>
  <const Name extends string, const Rpcs extends ReadonlyArray<Rpc.Any>, J, E, S, Store = never>(
    name: Name,
    options: {
      readonly protocol: Rpcs
      readonly journal: Journal.Any<J, E>
      readonly fold: Fold<S, NoInfer<E>>
      readonly snapshots?: Snapshotting<NoInfer<S>, Store>
    }
  ): EventSourcedClass<Self, Name, Rpcs[number], S, E, J | Store> => {
    type Command = Rpcs[number]
    const tag = Context.Tag(`@aecor/EventSourced/${name}`)<Self, Client<Command>>()
    const wire = Wire.make(options.protocol)

    const client = Effect.gen(function* () {
      const host = yield* EntityHost
      return Wire.client<Client<Command>>(wire, yield* host.client(name, wire.group))
    })

    const layer = <H extends Handlers<Command, S, E>, RX>(handlers: H | Effect.Effect<H, never, RX>) =>
      Layer.scoped(
        tag,
        Effect.gen(function* () {
          const host = yield* EntityHost
          const journal = yield* options.journal
          const snapshots = yield* snapshotsOf(name, options.snapshots)
          const built = Effect.isEffect(handlers) ? yield* handlers : handlers
          const commands = Wire.commands<S, E>(wire, built, yield* Effect.context<HandlersContext<H>>())
          yield* host.register({
            name,
            wire: wire.group,
            make: (key) => Instance.make({ entity: name, key, journal, fold: options.fold, commands, snapshots })
          })
          return yield* client
        })
      )

    return Object.assign(tag, {
      protocol: wire.protocol,
      fold: options.fold,
      handlers: <H extends Handlers<Command, S, E>>(handlers: H) => handlers,
      layer,
      layerClient: Layer.effect(tag, client)
    }) as EventSourcedClass<Self, Name, Command, S, E, J | Store>
  }

const snapshotsOf = <S, R>(entity: string, snapshotting: Snapshotting<S, R> | undefined) =>
  snapshotting === undefined
    ? Effect.succeed(undefined)
    : Effect.flatMap(snapshotting.store, (store) => Snapshots.make(entity, snapshotting, store))
