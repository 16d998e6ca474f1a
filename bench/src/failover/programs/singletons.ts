// The same processes as singletons of @effect/cluster, with its default settings: a node as its documentation makes one.
import { RunnerAddress, Singleton } from "@effect/cluster"
import { NodeClusterSocket } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Child, type Messages, Writer } from "chaos/fleet"
import { Effect, Layer, Logger, Option, Redacted } from "effect"

const settings = Child.settings<Messages.Settings>()

const addressOf = ({ host, port }: Messages.Address) => Option.some(RunnerAddress.make(host, port))
const runner = `${settings.address.host}:${settings.address.port}`

const Cluster = NodeClusterSocket.layer({
  storage: "sql",
  shardingConfig: { runnerAddress: addressOf(settings.address), runnerListenAddress: addressOf(settings.listen) }
})

const Singletons = Layer.mergeAll(
  Layer.empty,
  ...settings.sets.flatMap(({ every, name, processes }) =>
    Array.from({ length: processes }, (_, index) =>
      Singleton.make(
        `${name}/${index}`,
        every === 0 ? Effect.never : Writer.singleton({ deployment: name, index, runner }, every)
      )
    )
  )
)

const Main = Singletons.pipe(
  Layer.provide(Cluster),
  Layer.provide(
    PgClient.layer({ url: Redacted.make(settings.url), applicationName: settings.name, maxConnections: 12 })
  )
)

const main = Effect.gen(function* () {
  Child.tellReady()
  return yield* Effect.never
}).pipe(Effect.provide([Main, Logger.logFmt]))

Child.run(main)
