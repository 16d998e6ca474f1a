/** The settings under which the cluster was measured, stated once for every runner: they must not differ within one. */
import { RunnerAddress, type ShardingConfig } from "@effect/cluster"
import { RunnerName } from "@aecor/core"
import { Option } from "effect"

export interface Address {
  readonly host: string
  readonly port: number
}

/** The group of what may run anywhere; beside it every runner has one of its own. */
const anywhere = "default"

const common: Partial<ShardingConfig.ShardingConfig["Type"]> = {
  // rows that expire: an advisory lock would last as long as its session, for ever where a runner is frozen
  shardLockDisableAdvisory: true,
  shardLockRefreshInterval: "5 seconds",
  shardLockExpiration: "15 seconds",
  refreshAssignmentsInterval: "500 millis",
  runnerHealthCheckInterval: "1 second",
  entityMessagePollInterval: "1 second",
  entityTerminationTimeout: "5 seconds"
}

const addressOf = ({ host, port }: Address) => RunnerAddress.make(host, port)

export const runner = (address: Address, listen: Address): Partial<ShardingConfig.ShardingConfig["Type"]> => {
  const groups = [anywhere, RunnerName.shardGroup(RunnerName.of(address))]
  return {
    ...common,
    runnerAddress: Option.some(addressOf(address)),
    runnerListenAddress: Option.some(addressOf(listen)),
    availableShardGroups: groups,
    assignedShardGroups: groups
  }
}

export const clientOnly: Partial<ShardingConfig.ShardingConfig["Type"]> = {
  ...common,
  runnerAddress: Option.none(),
  runnerListenAddress: Option.none()
}
