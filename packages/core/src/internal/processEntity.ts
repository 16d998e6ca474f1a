/**
 * The cluster entity that a hosted process is, one for each process and runner. Its id ends in the runner, and so does
 * its shard group: a message reaches exactly the runner it names, whose locks it holds since it started, so that a
 * takeover waits for no lock to expire.
 *
 * `Run` is persisted and never ends while the process lives; `Stop` answers after the finalizers, and fails where what did not
 * stop may still write; `Ping` only shows
 * that the runner answers through sharding.
 */
import { ClusterSchema, Entity, type Sharding } from "@effect/cluster"
import { Rpc } from "@effect/rpc"
import { Duration, Effect, Option, Schema } from "effect"
import * as RunnerName from "../RunnerName.js"
import { Unfenced } from "./abandonedRuns.js"
import type { Deployment } from "./deploymentSettings.js"
import type { Node } from "./node.js"

const Generation = Schema.Struct({ generation: Schema.NonNegativeInt })

const ProcessEntity = Entity.make("aecor/Process", [
  Rpc.make("Run", { payload: Generation.fields, primaryKey: ({ generation }) => String(generation) })
    .annotate(ClusterSchema.Persisted, true)
    .annotate(ClusterSchema.Uninterruptible, "client"),
  Rpc.make("Stop", { payload: Generation, error: Unfenced }),
  Rpc.make("Ping")
]).annotate(ClusterSchema.ShardGroup, (entityId) =>
  RunnerName.shardGroup(entityId.slice(entityId.lastIndexOf("@") + 1))
)

/** `index/deployment@runner`. No runner's name holds an `@`, so a deployment's may hold anything. */
const idOf = (process: { readonly deployment: string; readonly index: number }, runner: string): string =>
  `${process.index}/${process.deployment}@${runner}`

const processOf = (entityId: string): Option.Option<{ readonly deployment: string; readonly index: number }> => {
  const slash = entityId.indexOf("/")
  const index = Number(entityId.slice(0, slash))
  return slash > 0 && Number.isInteger(index)
    ? Option.some({ index, deployment: entityId.slice(slash + 1, entityId.lastIndexOf("@")) })
    : Option.none()
}

/** Serves the processes of the deployments that this node knows. A `Run` for another one ends at once. */
export const register = (
  sharding: Sharding.Sharding["Type"],
  node: Node,
  deploymentOf: (name: string) => Deployment | undefined
) =>
  sharding.registerEntity(
    ProcessEntity,
    Effect.map(Entity.CurrentAddress, ({ entityId }) => {
      const process = processOf(entityId)
      return ProcessEntity.of({
        Run: ({ payload: { generation } }) =>
          Effect.suspend(() => {
            if (Option.isNone(process)) return Effect.void
            const deployment = deploymentOf(process.value.deployment)
            const recipe = deployment?.processes[process.value.index]
            if (deployment === undefined || recipe === undefined) return Effect.void
            return node.host({ ...process.value, generation }, recipe, deployment.settings)
          }),
        Stop: ({ payload: { generation } }) =>
          Option.match(process, {
            onNone: () => Effect.void,
            onSome: (known) => node.stop({ ...known, generation })
          }),
        Ping: () => Effect.void
      })
    }),
    { maxIdleTime: Duration.hours(1), concurrency: "unbounded", disableFatalDefects: true }
  )

/** How a runner asks another, or itself. Nothing waits for ever: an unreachable runner would be tried without end. */
export const client = (sharding: Sharding.Sharding["Type"]) =>
  Effect.map(sharding.makeClient(ProcessEntity), (of) => ({
    /** Leaves the message with the runner, or in storage for when it looks. */
    run: (process: { readonly deployment: string; readonly index: number }, runner: string, generation: number) =>
      of(idOf(process, runner))
        .Run({ generation }, { discard: true })
        .pipe(Effect.timeout(Duration.seconds(5))),
    /** Waits until the process has stopped there. */
    stop: (
      process: { readonly deployment: string; readonly index: number; readonly generation: number },
      runner: string,
      timeout: Duration.Duration
    ) => of(idOf(process, runner)).Stop({ generation: process.generation }).pipe(Effect.timeout(timeout)),
    ping: (runner: string) =>
      of(`ping@${runner}`)
        .Ping()
        .pipe(Effect.timeout(Duration.seconds(1)))
  }))
