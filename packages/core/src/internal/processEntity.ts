/**
 * The cluster entity that a hosted process is, one for each process and runner. Its id ends in the runner, and so does
 * its shard group: a message reaches exactly the runner it names, whose locks it holds since it started, so that a
 * takeover waits for no lock to expire.
 *
 * `Run` is persisted and never ends while the process lives; `Stop` answers after the finalizers, and fails where what did not
 * stop may still write; `Holds` tells whether a `Run` waits for its claim; `Ping` only shows that the runner answers through
 * sharding.
 */
import { ClusterSchema, Entity, Sharding, ShardingConfig } from "@effect/cluster"
import { Rpc } from "@effect/rpc"
import { Duration, Effect, Layer, Option, Schema } from "effect"
import * as RunnerName from "../RunnerName.js"
import { Unfenced } from "./abandonedRuns.js"
import { type Messages, ProcessMessages } from "./processMessages.js"

const Generation = Schema.Struct({ generation: Schema.NonNegativeInt })

const ProcessEntity = Entity.make("aecor/Process", [
  Rpc.make("Run", { payload: Generation.fields, primaryKey: ({ generation }) => String(generation) })
    .annotate(ClusterSchema.Persisted, true)
    .annotate(ClusterSchema.Uninterruptible, "client"),
  Rpc.make("Stop", { payload: Generation, error: Unfenced }),
  Rpc.make("Holds", { payload: Generation, success: Schema.Boolean }),
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

const serveOn =
  (sharding: Sharding.Sharding["Type"]): Messages["serve"] =>
  (receiver) =>
    sharding.registerEntity(
      ProcessEntity,
      Effect.map(Entity.CurrentAddress, ({ entityId }) => {
        const process = processOf(entityId)
        return ProcessEntity.of({
          Run: ({ payload: { generation } }) =>
            Option.match(process, {
              onNone: () => Effect.void,
              onSome: (known) => receiver.run({ ...known, generation })
            }),
          Stop: ({ payload: { generation } }) =>
            Option.match(process, {
              onNone: () => Effect.void,
              onSome: (known) => receiver.stop({ ...known, generation })
            }),
          Holds: ({ payload: { generation } }) =>
            Option.match(process, {
              onNone: () => Effect.succeed(false),
              onSome: (known) => receiver.holds({ ...known, generation })
            }),
          Ping: () => Effect.void
        })
      }),
      { maxIdleTime: Duration.hours(1), concurrency: "unbounded", disableFatalDefects: true }
    )

/** The messages as an @effect/cluster carries them. */
export const layer: Layer.Layer<ProcessMessages, never, Sharding.Sharding | ShardingConfig.ShardingConfig> =
  Layer.effect(
    ProcessMessages,
    Effect.gen(function* () {
      const sharding = yield* Sharding.Sharding
      const { runnerAddress } = yield* ShardingConfig.ShardingConfig
      const of = yield* sharding.makeClient(ProcessEntity)
      return {
        self: Option.map(runnerAddress, RunnerName.of),
        run: (process, runner) => of(idOf(process, runner)).Run({ generation: process.generation }, { discard: true }),
        stop: (process, runner) => of(idOf(process, runner)).Stop({ generation: process.generation }),
        holds: (process, runner) => of(idOf(process, runner)).Holds({ generation: process.generation }),
        ping: (runner) => of(`ping@${runner}`).Ping(),
        serve: serveOn(sharding)
      }
    })
  )
