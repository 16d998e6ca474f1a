/** A node: one operating system's process that hosts the deployments, composed as an application composes its own. */
import { DistributedProcessing, type KillSwitch } from "@aecor/core"
import { PgCluster, PgConnection, PgProcessLease } from "@aecor/journal-pg"
import { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Exit, Layer, Logger, Redacted } from "effect"
import * as Child from "../run/child.js"
import * as SourceAddress from "../run/sourceAddress.js"
import type { Answer, Request, Settings } from "./messages.js"
import { shutdownTimeout } from "./messages.js"
import { naiveProjection } from "./naiveProjection.js"
import * as Numbers from "./numbers.js"
import * as Reader from "../swap/reader.js"
import * as Served from "../swap/served.js"
import * as Writer from "./writer.js"

const settings = Child.settings<Settings>()
if (settings.source !== undefined) SourceAddress.use(settings.source)

const connections = 12

const client = (url: string) =>
  PgClient.layer(
    PgConnection.noticingSilence()({
      url: Redacted.make(url),
      applicationName: settings.name,
      maxConnections: connections
    })
  )

const pooled = settings.pooledUrl !== settings.url
const Pooled = client(settings.pooledUrl)
const Host = DistributedProcessing.layerCluster.pipe(
  Layer.provide(
    PgCluster.layer({ ...settings.address, listen: settings.listen }).pipe(Layer.provide(client(settings.url)))
  ),
  Layer.provide(PgProcessLease.layer)
)
const Main = Host.pipe(
  Layer.provideMerge(
    Layer.mergeAll(Numbers.journalLayer({ pooled }), Numbers.viewLayer({ pooled }), Served.layer({ pooled }))
  ),
  Layer.provideMerge(Pooled)
)

/** Every set, each with its kill switch. */
const deploy = Effect.gen(function* () {
  const switches = new Map<string, KillSwitch.KillSwitch>()
  for (const { every, name, processes, stopping } of settings.sets) {
    const writer = Writer.process({ every, fenced: settings.fenced, stopping })
    const set = Array.from({ length: processes }, () => writer)
    switches.set(name, yield* DistributedProcessing.start(name, set, { shutdownTimeout }))
  }
  const { fenced, reads, view } = settings
  const { projection, replayedProjection } = Numbers
  if (view && fenced) {
    yield* DistributedProcessing.start(projection.name, projection.processes)
    yield* DistributedProcessing.start(replayedProjection.name, replayedProjection.processes)
  }
  if (reads > 0) {
    yield* DistributedProcessing.start(Served.first.name, Served.first.processes)
    yield* DistributedProcessing.start(Served.second.name, Served.second.processes)
  }
  if (view && !fenced) yield* DistributedProcessing.start(naiveProjection.name, naiveProjection.processes)
  return switches
  // when the node leaves, none of them waits for another's processes to stop
}).pipe(Effect.parallelFinalizers)

const use = (killSwitch: KillSwitch.KillSwitch | undefined, request: "Shutdown" | "Resume") =>
  Effect.gen(function* () {
    if (killSwitch === undefined) return
    const since = yield* Clock.currentTimeMillis
    const exit = yield* Effect.exit(request === "Shutdown" ? killSwitch.shutdown : killSwitch.resume)
    const millis = (yield* Clock.currentTimeMillis) - since
    const error = Exit.isSuccess(exit) ? undefined : String(exit.cause)
    Child.tell<Answer>({ _tag: "Answered", millis, error })
  })

let isQuiet = false

const serve = (switches: ReadonlyMap<string, KillSwitch.KillSwitch>) =>
  Effect.sync(() => {
    process.on("message", (request: Request) => {
      if (request._tag === "Block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, request.millis)
      else if (request._tag === "Quiet") isQuiet = true
      else Effect.runFork(use(switches.get(request.set), request._tag))
    })
  })

const main = Effect.gen(function* () {
  yield* serve(yield* deploy)
  Child.tellReady()
  const { name, reads } = settings
  return yield* reads > 0 ? Reader.run({ name, every: reads, isQuiet: () => isQuiet }) : Effect.never
}).pipe(Effect.scoped, Effect.provide([Main, Logger.logFmt]))

Child.run(main)
