/**
 * A cluster of one runner in memory, for tests under TestClock: sharding with the settings that distributed processing
 * expects. The storage in memory knows no ownership of shards, so two of these do not make a cluster of two.
 *
 * @since 0.1.0
 */
import {
  type MessageStorage,
  MessageStorage as Messages,
  RunnerAddress,
  RunnerHealth,
  Runners,
  RunnerStorage,
  Sharding,
  ShardingConfig
} from "@effect/cluster"
import { Layer, Option } from "effect"
import * as RunnerName from "../RunnerName.js"

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Sharding.Sharding | ShardingConfig.ShardingConfig | MessageStorage.MessageStorage> =
  Layer.suspend(() => {
    const address = RunnerAddress.make("localhost", 34431)
    const groups = ["default", RunnerName.shardGroup(RunnerName.of(address))]
    return Sharding.layer.pipe(
      Layer.provideMerge(Runners.layerNoop),
      Layer.provideMerge(Messages.layerMemory),
      Layer.provide([RunnerStorage.layerMemory, RunnerHealth.layerNoop]),
      Layer.provideMerge(
        ShardingConfig.layer({
          runnerAddress: Option.some(address),
          availableShardGroups: groups,
          assignedShardGroups: groups,
          entityMessagePollInterval: "1 second",
          refreshAssignmentsInterval: "500 millis"
        })
      )
    )
  })
