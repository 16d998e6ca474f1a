/**
 * Entities of an @effect/cluster. A command is a volatile message: the client sends it again until a runner takes it,
 * which the command's id makes harmless, and gives up after a time, because an unreachable runner would be tried for
 * ever.
 */
import { ClusterError, Entity, Sharding } from "@effect/cluster"
import { type Duration, Effect } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Answer, Dispatch, Envelope, Registration, WireProtocol } from "../Registration.js"
import * as Settings from "./entitySettings.js"

/** The handlers of an entity: a record by tag, each giving the envelope to the instance of the address. */
const handlersOf = (registration: Registration) =>
  Effect.map(Entity.CurrentAddress, (address) => {
    const run = registration.make(address.entityId)
    return Object.fromEntries(
      [...registration.wire.requests.keys()].map((tag) => [
        tag,
        ({ payload }: { readonly payload: Envelope }) => run(tag, payload)
      ])
    )
  })

type Commands = Readonly<Record<string, (envelope: Envelope) => Effect.Effect<Answer, unknown>>>

export const make = (options: {
  readonly idleTimeToLive?: Duration.DurationInput
  readonly timeout?: Duration.DurationInput
}) =>
  Effect.gen(function* () {
    const sharding = yield* Sharding.Sharding
    const settings = Settings.resolve(options)

    const dispatchOf =
      (name: string, client: (key: string) => Commands): Dispatch =>
      (key, tag, envelope) => {
        const failed = (reason: CommandFailed["reason"], inDoubt: boolean, description: string) =>
          new CommandFailed({ entity: name, key, reason, inDoubt, description })
        const command = client(key)[tag]
        if (command === undefined) return Effect.fail(failed("Unreachable", false, `it knows no command ${tag}`))
        return command(envelope).pipe(
          Effect.mapError((error) => clusterFailure(error, failed) ?? error),
          Effect.timeoutFail({
            duration: settings.timeout,
            onTimeout: () => failed("Timeout", true, "no answer in time")
          })
        )
      }

    return {
      register: (registration: Registration) =>
        sharding.registerEntity(Entity.fromRpcGroup(registration.name, registration.wire), handlersOf(registration), {
          maxIdleTime: settings.idleTimeToLive,
          // a defect is the caller's to see: by default the entity would restart, run the command again, never answer
          disableFatalDefects: true
        }),
      client: (name: string, wire: WireProtocol) =>
        Effect.map(sharding.makeClient(Entity.fromRpcGroup(name, wire)), (client) => dispatchOf(name, client))
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
