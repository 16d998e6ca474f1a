/**
 * Where entities live: in this process, or spread over a cluster. The only thing that differs between the two; what an
 * entity does stands in `EventSourced`.
 *
 * Both hosts run one command at a time an entity, encode and decode commands and answers, and let defects reach the
 * caller.
 *
 * @since 0.1.0
 */
import type { Sharding } from "@effect/cluster"
import { Context, type Duration, type Effect, Layer, type Scope } from "effect"
import * as cluster from "./internal/entityHostCluster.js"
import * as local from "./internal/entityHostLocal.js"
import type { Dispatch, Registration, WireProtocol } from "./Registration.js"

/**
 * `register` serves an entity until the scope closes; `client` reaches an entity wherever it is served.
 *
 * @since 0.1.0
 * @category services
 */
export class EntityHost extends Context.Tag("@aecor/core/EntityHost")<
  EntityHost,
  {
    readonly register: (registration: Registration) => Effect.Effect<void, never, Scope.Scope>
    readonly client: (name: string, wire: WireProtocol) => Effect.Effect<Dispatch>
  }
>() {}

/**
 * How a host treats its entities: `idleTimeToLive` is how long an entity without commands keeps its state in memory
 * (5 minutes by default), `timeout` how long a caller waits for an answer (10 seconds by default).
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  readonly idleTimeToLive?: Duration.DurationInput
  readonly timeout?: Duration.DurationInput
}

/**
 * Entities in this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLocal: Layer.Layer<EntityHost> = Layer.scoped(EntityHost, local.make({}))

/**
 * Entities in this process, with settings.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLocalWith = (settings: Settings): Layer.Layer<EntityHost> =>
  Layer.scoped(EntityHost, local.make(settings))

/**
 * Entities spread over an @effect/cluster by the hash of their key.
 *
 * A node serves commands for the entities that it owns itself, without a message, and sends the others. Either way the
 * command and its answer pass their schemas, the entity runs one command at a time, in a fiber that sees nothing of the
 * caller's, and when its shard moves, what has begun is finished and what waits is sent after it. What a command served so
 * has less is the span of the cluster's client.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCluster: Layer.Layer<EntityHost, never, Sharding.Sharding> = Layer.scoped(
  EntityHost,
  cluster.make({})
)

/**
 * Entities spread over an @effect/cluster, with settings.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClusterWith = (settings: Settings): Layer.Layer<EntityHost, never, Sharding.Sharding> =>
  Layer.scoped(EntityHost, cluster.make(settings))
