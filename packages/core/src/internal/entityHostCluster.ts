/**
 * Entities of an @effect/cluster.
 *
 * A command for an entity that this node owns takes its turn at it here, without a message: encoded and decoded by its
 * schemas all the same, so that nothing tells the two ways apart. For any other it is a volatile message: the client sends
 * it again until a runner takes it, which the command's id makes harmless, and gives up after a time, because an
 * unreachable runner would be tried for ever.
 */
import { ClusterError, Entity, EntityId, Sharding } from "@effect/cluster"
import { Duration, Effect } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Answer, Dispatch, Envelope, Registration, WireProtocol } from "../Registration.js"
import * as Deadlines from "./deadlines.js"
import * as Settings from "./entitySettings.js"
import * as OwnInstances from "./ownInstances.js"
import type { OwnInstance } from "./ownInstances.js"
import { wake } from "./wire.js"
import * as WireCodec from "./wireCodec.js"

/** What is answered to a message that only wakes. */
const woken: Answer = { value: undefined, sequence: 0 }

/** How many commands may wait for an entity, as in the cluster's own mailboxes. */
const capacity = 4096

/** An entity that is served beside the cluster's messages is called so often in its idle time. */
const callsInIdleTime = 4

type Handler = (message: { readonly payload: Envelope }) => Effect.Effect<Answer, unknown>

/** The handlers of an entity: a record by tag, each giving the envelope to the instance of the address. */
const handlersOf = (
  registration: Registration,
  instances: OwnInstances.OwnInstances,
  sharding: Sharding.Sharding["Type"]
) =>
  Effect.gen(function* () {
    const { entityId, shardId } = yield* Entity.CurrentAddress
    const instance = yield* instances.open(entityId, () => sharding.hasShardId(shardId))
    return Object.fromEntries<Handler>([
      [wake._tag, () => Effect.succeed(woken)],
      ...[...registration.wire.requests.keys()].map((tag): readonly [string, Handler] => [
        tag,
        ({ payload }) => instance.deliver(tag, payload)
      ])
    ])
  })

type Commands = Readonly<Record<string, (envelope: Envelope) => Effect.Effect<Answer, unknown>>>

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

    /** The entities that this node serves. */
    const served = new Map<string, OwnInstances.OwnInstances>()

    const register = Effect.fnUntraced(function* (registration: Registration) {
      const entity = Entity.fromRpcGroup(registration.name, registration.wire.add(wake))
      const client: (key: string) => Commands = yield* sharding.makeClient(entity)
      const shardOf = (key: string) => {
        const id = EntityId.make(key)
        return sharding.getShardId(id, entity.getShardGroup(id))
      }
      const instances = yield* OwnInstances.make({
        registration,
        owns: (key) => sharding.hasShardId(shardOf(key)),
        call: (key) => client(key)[wake._tag]?.({ id: "", command: undefined, metadata: {} }) ?? Effect.void,
        every: Duration.times(settings.idleTimeToLive, 1 / callsInIdleTime),
        timeout: settings.timeout,
        deadlines
      })
      yield* sharding.registerEntity(entity, handlersOf(registration, instances, sharding), {
        // an entity may have been called one call's time ago when it is used for the last time
        maxIdleTime: Duration.times(settings.idleTimeToLive, 1 + 1 / callsInIdleTime),
        // a defect is the caller's to see: by default the entity would restart, run the command again, never answer
        disableFatalDefects: true
      })
      served.set(registration.name, instances)
      yield* Effect.addFinalizer(() => Effect.sync(() => served.delete(registration.name)))
    })

    const dispatchOf = (name: string, wire: WireProtocol, client: (key: string) => Commands): Dispatch => {
      const codecs = new Map([...wire.requests].map(([tag, rpc]) => [tag, WireCodec.make(rpc)]))
      const failed = (key: string, reason: CommandFailed["reason"], inDoubt: boolean, description: string) =>
        new CommandFailed({ entity: name, key, reason, inDoubt, description })
      const late = (key: string) => failed(key, "Timeout", true, "no answer in time")

      /** Sends it as a message, to whichever node owns the key. */
      const send = (key: string, tag: string, envelope: Envelope, millis: number): Effect.Effect<Answer, unknown> =>
        Effect.suspend(() => client(key)[tag]?.(envelope) ?? Effect.never).pipe(
          Effect.mapError((error) => clusterFailure(error, (...what) => failed(key, ...what)) ?? error),
          Effect.timeoutFail({ duration: millis, onTimeout: () => late(key) })
        )

      /** Has it served here; sends what is left of its time to the node that owns the key meanwhile. */
      const serve = (instance: OwnInstance, codec: WireCodec.Codec, key: string, tag: string, envelope: Envelope) => {
        if (instance.size() >= capacity) {
          return Effect.fail(failed(key, "MailboxFull", false, "too many commands wait for this entity"))
        }
        const until = clock.unsafeCurrentTimeMillis() + timeout
        return Effect.flatMap(codec.payload(envelope), (received) =>
          Effect.flatMap(instance.take(tag, received), (outcome) => {
            if (outcome === "Late") return Effect.fail(late(key))
            return outcome === "Elsewhere"
              ? send(key, tag, envelope, until - clock.unsafeCurrentTimeMillis())
              : codec.exit(outcome)
          })
        )
      }

      return (key, tag, envelope) => {
        const codec = codecs.get(tag)
        if (codec === undefined) return Effect.fail(failed(key, "Unreachable", false, `it knows no command ${tag}`))
        return Effect.suspend(() => {
          const instances = served.get(name)
          if (instances === undefined) return send(key, tag, envelope, timeout)
          const awake = instances.at(key)
          if (awake !== undefined) return serve(awake, codec, key, tag, envelope)
          return Effect.flatMap(instances.wake(key), (instance) =>
            instance === undefined ? send(key, tag, envelope, timeout) : serve(instance, codec, key, tag, envelope)
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
  if (error instanceof ClusterError.MailboxFull) {
    // an earlier sending may have run: the cluster sends again when a connection is lost
    return failed("MailboxFull", true, "too many commands wait for this entity")
  }
  if (error instanceof ClusterError.AlreadyProcessingMessage) {
    return failed("Unreachable", true, "the command is being processed already")
  }
  if (error instanceof ClusterError.PersistenceError) {
    return failed("Unreachable", false, "the cluster's storage did not answer")
  }
  return undefined
}
