/** A runner of a simulation: the real distributed processing above a simulated network and store, on its own machine. */
import { Context, Effect, Layer, Schedule } from "effect"
import { DistributedProcessing } from "../../../DistributedProcessing.js"
import type * as cluster from "../../../internal/processingCluster.js"
import { ProcessMessages, type Messages } from "../../../internal/processMessages.js"
import type { KillSwitch } from "../../../KillSwitch.js"
import { ProcessLease } from "../../../ProcessLease.js"
import type { Happening } from "./happenings.js"
import { probed } from "./probe.js"
import type { Connection } from "./store.js"

/** What a program deploys, once the services that all runners share are there. */
export type Deployments = Layer.Layer<never, unknown, DistributedProcessing>

/** A program that cannot start is started again, as by whoever watches over it. */
const restartAfter = "1 second"

interface Options {
  readonly connection: Connection
  readonly messages: Messages
  readonly deployments: Deployments
  readonly host: typeof cluster.make
  /** The kill switches of what has been deployed here. */
  readonly switches: Map<string, KillSwitch>
  readonly record: (happening: Happening) => void
}

/** Runs until it is interrupted, and then leaves in good order. */
export const program = (options: Options): Effect.Effect<never> =>
  Effect.gen(function* () {
    const host = yield* options.host
    yield* Layer.build(options.deployments).pipe(
      Effect.provideService(DistributedProcessing, { ...host, start: starting(host.start, options) })
    )
    return yield* Effect.never
  }).pipe(
    Effect.provide(
      Context.make(ProcessLease, options.connection.lease).pipe(Context.add(ProcessMessages, options.messages))
    ),
    Effect.scoped,
    Effect.tapErrorCause((cause) => Effect.logWarning("the program could not start", cause)),
    Effect.retry(Schedule.spaced(restartAfter)),
    Effect.orDie
  )

/** Starts deployments with a probe beside every process. */
const starting =
  (start: DistributedProcessing["Type"]["start"], { connection, record, switches }: Options): typeof start =>
  (deployment) =>
    Effect.gen(function* () {
      const { name, processes, settings } = deployment
      const killSwitch = yield* start({
        ...deployment,
        processes: processes.map((process) => probed(process, connection, record))
      })
      record({ _tag: "Known", deployment: name, processes: processes.length, settings })
      switches.set(name, killSwitch)
      return killSwitch
    })
