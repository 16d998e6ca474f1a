/**
 * Distributed processing on this node alone: supervision, epochs, backoff and the kill switch are the real ones; there
 * is only nobody to share the work with.
 */
import { Deferred, Effect, Option } from "effect"
import type { KillSwitch } from "../KillSwitch.js"
import type { Process } from "../Process.js"
import type { ProcessContext } from "../ProcessContext.js"
import { ProcessLease } from "../ProcessLease.js"
import { beatInterval, type Deployment, register, sameShape, shapeOf, silence } from "./deploymentSettings.js"
import * as Node from "./node.js"
import * as OwnNames from "./ownNames.js"
import { wholly } from "./wholly.js"

const runner = "local"

export const make = Effect.gen(function* () {
  const lease = yield* ProcessLease
  const node = yield* Node.make(runner, lease)
  const own = OwnNames.make()

  const start = Effect.fnUntraced(function* (deployment: Deployment) {
    const { name, processes, settings } = deployment
    const shape = shapeOf(deployment)
    yield* own(name)
    yield* register(lease, deployment)
    let resumed = yield* Deferred.make<void>()

    /** Hosts one process in whatever generation is wanted; while none is, waits until one is, here or elsewhere. */
    const keep = (recipe: Process<unknown, ProcessContext>, index: number) =>
      Effect.gen(function* () {
        const row = (yield* Effect.timeout(lease.list(name), silence)).find((_) => _.index === index)
        const registered = yield* Effect.timeout(lease.shape(name), silence)
        const isOurs = Option.exists(registered, (_) => sameShape(_, shape))
        if (row?.desired === true && isOurs) yield* node.host({ ...row, shape }, recipe, settings)
        else yield* Effect.timeoutOption(Deferred.await(resumed), beatInterval)
      }).pipe(
        Effect.catchAll((error) =>
          Effect.zipRight(Effect.logWarning(`deployment ${name} could not be read`, error), Effect.sleep(beatInterval))
        ),
        Effect.forever
      )
    yield* Effect.forkScoped(Effect.forEach(processes, keep, { concurrency: "unbounded", discard: true }))

    return {
      shutdown: Effect.gen(function* () {
        const rows = yield* lease.stop(name)
        yield* Effect.forEach(
          rows,
          (row) => Effect.catchTag(node.stop(row), "Unfenced", () => lease.revoke(name, row.index)),
          { concurrency: "unbounded", discard: true }
        )
      }),
      resume: Effect.gen(function* () {
        yield* lease.resume(name)
        const waiting = resumed
        resumed = yield* Deferred.make<void>()
        yield* Deferred.succeed(waiting, undefined)
      })
    } satisfies KillSwitch
  }, wholly)

  return { start, status: lease.list }
})
