/**
 * Distributed processing on several runners. Every runner announces itself, tries to coordinate each deployment that
 * it hosts, and runs what it is sent.
 *
 * The lease decides who may run; `ProcessMessages` only carry what is said. A runner announces itself after it has
 * reached itself through them, so one that cannot be reached is given nothing.
 */
import { Data, Duration, Effect, type Exit, Option, Schedule, Scope } from "effect"
import type { ProcessId } from "../Lease.js"
import { ProcessLease } from "../ProcessLease.js"
import * as Coordinate from "./coordinate.js"
import { beatInterval, type Deployment, register, shapeOf, silence } from "./deploymentSettings.js"
import { elapsed } from "./elapsed.js"
import * as Node from "./node.js"
import { type NodeSettings, resolve } from "./nodeSettings.js"
import * as Observe from "./observe.js"
import * as OwnNames from "./ownNames.js"
import { client as clientOf, ProcessMessages } from "./processMessages.js"
import * as Steer from "./steer.js"
import { wholly } from "./wholly.js"
import { within } from "./within.js"

/** The runner name of a node that only calls: it announces nothing and hosts nothing. */
const clientOnly = "client"

/**
 * How long a runner takes at the most to tell that it leaves, and to take no more messages. What it ran has stopped before,
 * so that there is little to wait for.
 */
const leavingLimit = Duration.seconds(4)

/** A runner that does not reach itself announces nothing. */
class Unreachable extends Data.TaggedError("Unreachable") {}

interface Hosted {
  readonly deployment: Deployment
  readonly coordinator: ReturnType<typeof Coordinate.make>
}

/** `observe`: for how long a runner only observes after a pass of its own that failed or was late. */
export const makeWith = (settings: NodeSettings, observe: Duration.Duration = silence) =>
  Effect.gen(function* () {
    const lease = yield* ProcessLease
    const messages = yield* ProcessMessages
    const isRunner = Option.isSome(messages.self)
    const self = Option.getOrElse(messages.self, () => clientOnly)
    const client = clientOf(messages)
    const node = yield* Node.make(self, lease)
    const own = OwnNames.make()
    const hosted = new Map<string, Hosted>()
    const scope = yield* Effect.scope

    /** The deployments that this node may run. It says of no other that it hosts it, so it is given nothing of it. */
    const mine = () =>
      [...hosted.values()].filter(
        ({ deployment: { settings: its } }) => its.role === undefined || settings.roles.includes(its.role)
      )
    // one at a time, so that what is said last is what is true
    const speaking = Effect.unsafeMakeSemaphore(1)
    const announce = speaking.withPermits(1)(
      Effect.suspend(() =>
        lease.announce(
          self,
          mine().map(({ deployment }) => ({ deployment: deployment.name, shape: shapeOf(deployment) })),
          settings.weight
        )
      )
    )

    let reachedAt = Number.NEGATIVE_INFINITY
    const reach = client.ping(self).pipe(
      Effect.zipRight(elapsed),
      Effect.map((now) => void (reachedAt = now)),
      Effect.ignore,
      Effect.repeat(Schedule.spaced(beatInterval)),
      Effect.withTracerEnabled(false)
    )
    /** Fails where this runner cannot be reached: it announces nothing then, and decides nothing. */
    const reached = Effect.flatMap(elapsed, (now) =>
      now - reachedAt > Duration.toMillis(silence) ? new Unreachable() : Effect.void
    )
    const announced = Effect.zipRight(reached, Effect.timeout(announce, silence)).pipe(
      Effect.catchAll((error) => Effect.logDebug("the runner could not announce itself", error)),
      Effect.withTracerEnabled(false)
    )

    /** Runs a process of a deployment that this node hosts. A `run` of another one ends at once. */
    const run = (process: ProcessId) =>
      Effect.suspend(() => {
        const deployment = hosted.get(process.deployment)?.deployment
        const recipe = deployment?.processes[process.index]
        return deployment === undefined || recipe === undefined
          ? Effect.void
          : node.host({ ...process, shape: shapeOf(deployment) }, recipe, deployment.settings)
      })

    if (isRunner) {
      const serving = yield* Scope.make()
      const leaving = (exit: Exit.Exit<unknown, unknown>) =>
        Effect.all([Effect.ignoreLogged(lease.retract(self)), Scope.close(serving, exit)], {
          concurrency: "unbounded",
          discard: true
        })
      yield* Effect.addFinalizer((exit) => Effect.ignoreLogged(within(leaving(exit), leavingLimit)))
      yield* Scope.extend(messages.serve({ run, stop: node.stop, holds: node.holds }), serving)
      yield* Effect.forkScoped(reach)
      yield* Effect.forkScoped(Effect.repeat(announced, Schedule.spaced(beatInterval)))
    }

    /** Stops what runs here of a deployment, and meanwhile gives it to others. */
    const leave = ({ deployment, coordinator }: Hosted) =>
      Effect.suspend(() => {
        hosted.delete(deployment.name)
        const handOver = isRunner ? Effect.zipRight(announce, coordinator.handOver) : Effect.void
        const inTime = Effect.ignoreLogged(within(handOver, silence))
        return Effect.all([inTime, node.stopAll(deployment.name)], { concurrency: "unbounded", discard: true })
      })

    const runners = (name: string) => Effect.map(lease.runners(name, silence), (live) => live.map((_) => _.name))
    const killSwitch = (name: string) => Steer.make({ lease, stop: messages.stop, runners }, name)

    const start = Effect.fnUntraced(function* (deployment: Deployment) {
      const { name } = deployment
      const one: Hosted = { deployment, coordinator: Coordinate.make({ self, lease, client, deployment, scope }) }
      yield* own.take(name)
      yield* register(lease, deployment)
      // from now on it is announced, and may be given processes
      yield* Effect.acquireRelease(
        Effect.sync(() => hosted.set(name, one)),
        () => leave(one)
      )
      if (isRunner && mine().includes(one)) {
        yield* Effect.forkIn(announced, scope)
        yield* Effect.forkScoped(one.coordinator.reconcile(reached, observe))
      }
      return killSwitch(name)
    }, wholly)

    return { start, killSwitch, deployments: own.all, ...(yield* Observe.make(lease)) }
  })

export const make = makeWith(resolve({}))
