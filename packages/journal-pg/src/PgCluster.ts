/**
 * An @effect/cluster on Postgres, with the settings under which distributed processing holds what it promises.
 *
 * A runner listens on a socket for the others and keeps its messages, registration and shard locks in Postgres, in
 * tables that the cluster library creates when the first runner starts. One database holds one cluster. Every runner
 * owns a shard group of its own (`RunnerName.shardGroup`) beside the common one.
 *
 * Guarantees: any number of runners can start at once on an empty database; a runner that stops in good order has given
 * its shards away before its layer is closed, and the layer is closed within 8 s also where Postgres does not answer; one that is dead or frozen loses them, within about 5 s when it has
 * announced itself (`DistributedProcessing.layerCluster` does), else within 15 s; what one leaves behind that never
 * comes again is swept away a quarter of an hour later, so addresses may be new with each start. Not guaranteed: that a frozen runner
 * that wakes does nothing before it notices; the fences of processes and the versions of entities are for that.
 *
 * @since 0.1.0
 */
import { RunnerName } from "@aecor/core"
import { type MessageStorage, type Runners, type Sharding, ShardingConfig, SocketRunner } from "@effect/cluster"
import type { SocketServerError } from "@effect/platform/SocketServer"
import { NodeClusterSocket } from "@effect/platform-node"
import { RpcSerialization } from "@effect/rpc"
import type { SqlError } from "@effect/sql/SqlError"
import type { PgClient } from "@effect/sql-pg"
import { Layer } from "effect"
import { leavingInTime } from "./internal/clusterLeaving.js"
import * as Health from "./internal/clusterHealth.js"
import * as Housekeeping from "./internal/clusterHousekeeping.js"
import * as OwnPool from "./internal/ownPool.js"
import * as Presence from "./internal/clusterPresence.js"
import * as Settings from "./internal/clusterSettings.js"
import * as Storage from "./internal/clusterStorage.js"
import * as Transport from "./internal/clusterTransport.js"

/**
 * - `host`, `port`: where the other runners reach this one. Together they are the runner's name; two runners never share
 *   them, and a runner that comes again at the same address takes its predecessor's place.
 * - `listen`: where this runner listens, if that is another address, as in a container.
 * - `connections` (5): how many connections the cluster may open. They are its own, made with the configuration of the
 *   given client; one of them is kept for the shard locks. At least 3.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly host: string
  readonly port: number
  readonly listen?: { readonly host: string; readonly port: number }
  readonly connections?: number
}

/**
 * What the cluster gives: the sharding of entities, its configuration, the way to the other runners, and the messages.
 *
 * @since 0.1.0
 * @category models
 */
export type Cluster =
  | Sharding.Sharding
  | ShardingConfig.ShardingConfig
  | Runners.Runners
  | MessageStorage.MessageStorage

const defaultConnections = 5

/**
 * A runner of the cluster. Needs the tables of `PgProcessLease.migrations`; fails when Postgres does not answer or the
 * port is taken.
 *
 * @example
 * ```ts
 * const Cluster = PgCluster.layer({ host: "10.0.0.7", port: 34431 }).pipe(Layer.provide(Migrations))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Cluster, SqlError | SocketServerError, PgClient.PgClient> =>
  SocketRunner.layer.pipe(
    Layer.provide([NodeClusterSocket.layerSocketServer, Transport.layer, Health.layer]),
    Layer.provide([Presence.layer(RunnerName.of(options)), Housekeeping.layer]),
    Layer.provideMerge(Storage.layer),
    Layer.provide([RpcSerialization.layerMsgPack, OwnPool.layer("cluster", options.connections ?? defaultConnections)]),
    Layer.provideMerge(ShardingConfig.layer(Settings.runner(options, options.listen ?? options))),
    leavingInTime
  )

/**
 * The cluster for a node that calls entities and runs none: it owns no shards and listens on nothing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClientOnly = (
  options: { readonly connections?: number } = {}
): Layer.Layer<Cluster, SqlError, PgClient.PgClient> =>
  SocketRunner.layerClientOnly.pipe(
    Layer.provide(Transport.layer),
    Layer.provideMerge(Storage.layer),
    Layer.provide([RpcSerialization.layerMsgPack, OwnPool.layer("cluster", options.connections ?? defaultConnections)]),
    Layer.provideMerge(ShardingConfig.layer(Settings.clientOnly)),
    leavingInTime
  )
