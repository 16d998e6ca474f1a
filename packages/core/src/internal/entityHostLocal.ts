/**
 * Entities in this process. A command goes through the wire's schemas as it would between nodes, so that what cannot
 * cross a network is found here; one command at a time a key; an idle entity is dropped with its cached state.
 */
import { type Duration, Effect, RcMap, type Scope } from "effect"
import { CommandFailed } from "../CommandFailed.js"
import type { Dispatch, Registration, Run, WireProtocol } from "../Registration.js"
import * as Settings from "./entitySettings.js"
import * as WireCodec from "./wireCodec.js"

/** What becomes of what is encoded when it is sent as JSON. */
const asJson = (encoded: unknown): unknown => (encoded === undefined ? undefined : JSON.parse(JSON.stringify(encoded)))

export const make = (options: {
  readonly idleTimeToLive?: Duration.DurationInput
  readonly timeout?: Duration.DurationInput
}) =>
  Effect.sync(() => {
    const settings = Settings.resolve(options)
    const served = new Map<string, (key: string) => Effect.Effect<Run, never, Scope.Scope>>()

    const register = Effect.fnUntraced(function* (registration: Registration) {
      const instances = yield* RcMap.make({
        lookup: (key: string) =>
          Effect.sync((): Run => {
            const run = registration.make(key)
            const turn = Effect.unsafeMakeSemaphore(1)
            return (tag, envelope) => turn.withPermits(1)(run(tag, envelope))
          }),
        idleTimeToLive: settings.idleTimeToLive
      })
      served.set(registration.name, (key) => RcMap.get(instances, key))
      yield* Effect.addFinalizer(() => Effect.sync(() => served.delete(registration.name)))
    })

    const client = (name: string, wire: WireProtocol): Effect.Effect<Dispatch> =>
      Effect.sync(() => {
        const codecs = new Map([...wire.requests].map(([tag, rpc]) => [tag, WireCodec.make(rpc, asJson)]))
        return (tag, envelope) => {
          const { key } = envelope
          return Effect.gen(function* () {
            const codec = codecs.get(tag)
            const instance = served.get(name)
            if (codec === undefined || instance === undefined) {
              const description = instance === undefined ? "nobody serves this entity" : `it knows no command ${tag}`
              return yield* new CommandFailed({ entity: name, key, reason: "Unreachable", inDoubt: false, description })
            }
            const run = yield* instance(key)
            const received = yield* codec.payload(envelope)
            return yield* codec.exit(yield* Effect.exit(run(tag, received)))
          }).pipe(
            Effect.scoped,
            Effect.timeoutFail({
              duration: settings.timeout,
              onTimeout: () =>
                new CommandFailed({
                  entity: name,
                  key,
                  reason: "Timeout",
                  inDoubt: true,
                  description: "no answer in time"
                })
            })
          )
        }
      })

    return { register, client }
  })
