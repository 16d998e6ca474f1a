/**
 * Distributed processing on this node alone: supervision, epochs, backoff and the kill switch are the real ones; there
 * is only nobody to share the work with.
 */
import { Effect, Option } from "effect"
import type { Process } from "../Process.js"
import type { ProcessContext } from "../ProcessContext.js"
import { ProcessLease } from "../ProcessLease.js"
import { beatInterval, type Deployment, register, sameShape, shapeOf, silence } from "./deploymentSettings.js"
import * as Node from "./node.js"
import * as Observe from "./observe.js"
import * as OwnNames from "./ownNames.js"
import * as Steer from "./steer.js"
import { wholly } from "./wholly.js"

const runner = "local"

export const make = Effect.gen(function* () {
  const lease = yield* ProcessLease
  const node = yield* Node.make(runner, lease)
  const own = OwnNames.make()

  const killSwitch = (name: string) =>
    Steer.make({ lease, stop: node.stop, runners: () => Effect.succeed([runner]) }, name)

  const start = Effect.fnUntraced(function* (deployment: Deployment) {
    const { name, processes, settings } = deployment
    const shape = shapeOf(deployment)
    yield* own.take(name)
    yield* register(lease, deployment)

    /** Hosts one process in whatever generation is wanted, as soon as one is. */
    const keep = (recipe: Process<unknown, ProcessContext>, index: number) =>
      Effect.gen(function* () {
        const row = (yield* Effect.timeout(lease.list(name), silence)).find((_) => _.index === index)
        const registered = yield* Effect.timeout(lease.shape(name), silence)
        const isOurs = Option.exists(registered, (_) => sameShape(_, shape))
        if (row?.desired === true && isOurs) yield* node.host({ ...row, shape }, recipe, settings)
        else yield* Effect.sleep(beatInterval)
      }).pipe(
        Effect.catchAll((error) =>
          Effect.zipRight(Effect.logWarning(`deployment ${name} could not be read`, error), Effect.sleep(beatInterval))
        ),
        Effect.forever
      )
    yield* Effect.forkScoped(Effect.forEach(processes, keep, { concurrency: "unbounded", discard: true }))
    return killSwitch(name)
  }, wholly)

  return { start, killSwitch, deployments: own.all, ...(yield* Observe.make(lease)) }
})
