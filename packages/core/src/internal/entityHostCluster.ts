/**
 * Entities of an @effect/cluster.
 *
 * What the cluster knows is shards: to it, one entity of each kind in a shard stands for all keys there. So a key that is
 * used for the first time costs no entity of the cluster.
 *
 * A command for a key of a shard that this node owns takes its turn here, without a message: encoded and decoded by its
 * schemas all the same, so that nothing tells the two ways apart. For any other it is a volatile message: the client sends
 * it again until a runner takes it, which the command's id makes harmless, and gives up after a time, because an
 * unreachable runner would be tried for ever.
 */
import { ClusterError, Entity, Sharding } from "@effect/cluster"
import { Cause, Duration, Effect } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Answer, Dispatch, Envelope, Registration, WireProtocol } from "../Registration.js"
import * as Deadlines from "./deadlines.js"
import * as Settings from "./entitySettings.js"
import * as OwnShard from "./ownShard.js"
import * as OwnShards from "./ownShards.js"
import * as ShardEntities from "./shardEntities.js"
import { wake } from "./wire.js"
import * as WireCodec from "./wireCodec.js"

/** What is answered to a message that only wakes. */
const woken: Answer = { value: undefined, sequence: 0 }

/** After what time a command is sent again that the cluster has interrupted. */
const sentAgainAfter = "200 millis"

type Handler = (message: { readonly payload: Envelope }) => Effect.Effect<Answer, unknown>

/** The handlers of a shard: a record by tag, each giving the envelope to the instance of its key. */
const handlersOf = (registration: Registration, shards: OwnShards.OwnShards, sharding: Sharding.Sharding["Type"]) =>
  Effect.gen(function* () {
    const { entityId, shardId } = yield* Entity.CurrentAddress
    const shard = yield* shards.open(entityId, () => sharding.hasShardId(shardId))
    return Object.fromEntries<Handler>([
      [wake._tag, () => Effect.succeed(woken)],
      ...[...registration.wire.requests.keys()].map((tag): readonly [string, Handler] => [
        tag,
        ({ payload }) => shard.deliver(tag, payload)
      ])
    ])
  })

type Commands = Readonly<Record<string, (envelope: Envelope) => Effect.Effect<Answer, unknown>>>

/** The envelope of a message that only wakes. */
const toNobody: Envelope = { key: "", id: "", command: undefined, metadata: {} }

export const make = (options: {
  readonly idleTimeToLive?: Duration.DurationInput
  readonly timeout?: Duration.DurationInput
}) =>
  Effect.gen(function* () {
    const sharding = yield* Sharding.Sharding
    const settings = Settings.resolve(options)
    const timeout = Duration.toMillis(settings.timeout)
    const clock = yield* Effect.clock
    const deadlines = yield* Deadlines.make(settings.timeout)

    /** The shards that this node serves, by the entity's name. */
    const served = new Map<string, OwnShards.OwnShards>()

    const register = Effect.fnUntraced(function* (registration: Registration) {
      const entity = Entity.fromRpcGroup(registration.name, registration.wire.add(wake))
      const client: (shard: string) => Commands = yield* sharding.makeClient(entity)
      const shards = yield* OwnShards.make({
        registration,
        call: (shard) => client(shard)[wake._tag]?.(toNobody) ?? Effect.void,
        timeout: settings.timeout,
        idleTimeToLive: settings.idleTimeToLive,
        deadlines
      })
      yield* sharding.registerEntity(entity, handlersOf(registration, shards, sharding), {
        // one command at a time is each key's own rule, and so is how many may wait
        concurrency: "unbounded",
        mailboxCapacity: "unbounded",
        // a shard is awake for as long as it is owned
        maxIdleTime: Duration.infinity,
        // a defect is the caller's to see: by default the entity would restart, run the command again, never answer
        disableFatalDefects: true
      })
      served.set(registration.name, shards)
      yield* Effect.addFinalizer(() => Effect.sync(() => served.delete(registration.name)))
    })

    const dispatchOf = (name: string, wire: WireProtocol, client: (shard: string) => Commands): Dispatch => {
      const codecs = new Map([...wire.requests].map(([tag, rpc]) => [tag, WireCodec.make(rpc)]))
      const entities = ShardEntities.make(sharding, Entity.fromRpcGroup(name, wire))
      const failed = (key: string, reason: CommandFailed["reason"], inDoubt: boolean, description: string) =>
        new CommandFailed({ entity: name, key, reason, inDoubt, description })
      const late = (key: string) => failed(key, "Timeout", true, "no answer in time")

      /**
       * Has the cluster carry it. A shard that ends interrupts what is not done in time, and the cluster gives that to the
       * sender for an answer. The sender's own interruption does not come here.
       */
      const carried = (shard: string, tag: string, envelope: Envelope): Effect.Effect<Answer, unknown> =>
        Effect.catchAllCause(
          Effect.suspend(() => client(shard)[tag]?.(envelope) ?? Effect.never),
          (cause) =>
            Cause.isInterruptedOnly(cause)
              ? Effect.delay(carried(shard, tag, envelope), sentAgainAfter)
              : Effect.failCause(cause)
        )

      /** Sends it as a message, to whichever node owns the shard. */
      const send = (shard: string, tag: string, envelope: Envelope, millis: number): Effect.Effect<Answer, unknown> =>
        carried(shard, tag, envelope).pipe(
          Effect.mapError((error) => clusterFailure(error, (...what) => failed(envelope.key, ...what)) ?? error),
          Effect.timeoutFail({ duration: millis, onTimeout: () => late(envelope.key) })
        )

      /** Has it served here; sends what is left of its time to the node that owns the shard meanwhile. */
      const serve = (
        shard: string,
        own: OwnShard.OwnShard,
        codec: WireCodec.Codec,
        tag: string,
        envelope: Envelope
      ) => {
        const until = clock.unsafeCurrentTimeMillis() + timeout
        return Effect.flatMap(codec.payload(envelope), (received) =>
          Effect.flatMap(own.take(tag, received), (outcome) => {
            if (outcome === "Late") return Effect.fail(late(envelope.key))
            if (outcome === "Full") return Effect.fail(failed(envelope.key, "MailboxFull", false, OwnShard.tooMany))
            return outcome === "Elsewhere"
              ? send(shard, tag, envelope, until - clock.unsafeCurrentTimeMillis())
              : codec.exit(outcome)
          })
        )
      }

      return (tag, envelope) => {
        const { key } = envelope
        const codec = codecs.get(tag)
        if (codec === undefined) return Effect.fail(failed(key, "Unreachable", false, `it knows no command ${tag}`))
        return Effect.suspend(() => {
          const { id, isOwned } = entities.of(key)
          const shards = served.get(name)
          const awake = shards?.at(id)
          if (awake !== undefined) return serve(id, awake, codec, tag, envelope)
          if (shards === undefined || !isOwned()) return send(id, tag, envelope, timeout)
          return Effect.flatMap(shards.wake(id), (own) =>
            own === undefined ? send(id, tag, envelope, timeout) : serve(id, own, codec, tag, envelope)
          ).pipe(Effect.timeoutFail({ duration: timeout, onTimeout: () => late(key) }))
        })
      }
    }

    return {
      register,
      client: (name: string, wire: WireProtocol) =>
        Effect.map(sharding.makeClient(Entity.fromRpcGroup(name, wire)), (client) => dispatchOf(name, wire, client))
    }
  })

/** The cluster's own errors as the caller sees them; anything else is the command's. */
const clusterFailure = (
  error: unknown,
  failed: (reason: CommandFailed["reason"], inDoubt: boolean, description: string) => CommandFailed
): CommandFailed | undefined => {
  if (error instanceof ClusterError.AlreadyProcessingMessage) {
    return failed("Unreachable", true, "the command is being processed already")
  }
  if (error instanceof ClusterError.PersistenceError) {
    return failed("Unreachable", false, "the cluster's storage did not answer")
  }
  return undefined
}
