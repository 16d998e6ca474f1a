/**
 * Distributed processing on several runners. Every runner announces itself, tries to coordinate each deployment that
 * it hosts, and runs what it is sent.
 *
 * The lease decides who may run; `ProcessMessages` only carry what is said. A runner announces itself after it has
 * reached itself through them, so one that cannot be reached is given nothing.
 */
import { Clock, Data, Duration, Effect, Option, Schedule } from "effect"
import type { ProcessId } from "../Lease.js"
import { ProcessLease } from "../ProcessLease.js"
import * as Coordinate from "./coordinate.js"
import { beatInterval, type Deployment, register, shapeOf, silence } from "./deploymentSettings.js"
import * as Node from "./node.js"
import { type NodeSettings, resolve } from "./nodeSettings.js"
import * as Observe from "./observe.js"
import * as OwnNames from "./ownNames.js"
import { client as clientOf, ProcessMessages } from "./processMessages.js"
import * as Steer from "./steer.js"
import { wholly } from "./wholly.js"

/** The runner name of a node that only calls: it announces nothing and hosts nothing. */
const clientOnly = "client"

/** How often a runner looks what there is to do; at every second look it announces itself. */
const passInterval = Duration.millis(500)
const announceInterval = Duration.millis(750)

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
    const announce = Effect.suspend(() =>
      lease.announce(
        self,
        mine().map(({ deployment }) => ({ deployment: deployment.name, shape: shapeOf(deployment) })),
        settings.weight
      )
    )

    let reachedAt = Number.NEGATIVE_INFINITY
    const reach = client.ping(self).pipe(
      Effect.zipRight(Clock.currentTimeMillis),
      Effect.map((now) => void (reachedAt = now)),
      Effect.ignore,
      Effect.repeat(Schedule.spaced(beatInterval)),
      Effect.withTracerEnabled(false)
    )

    let announcedAt = Number.NEGATIVE_INFINITY
    let lastPass = Number.NEGATIVE_INFINITY
    let goodSince = 0
    const pass = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (now - reachedAt > Duration.toMillis(silence)) return yield* new Unreachable()
      if (now - announcedAt >= Duration.toMillis(announceInterval)) {
        yield* announce
        announcedAt = now
      }
      // after an outage or a stall of one's own every beat looks old: observe for a while before acting on it
      if (now - lastPass > Duration.toMillis(silence)) goodSince = now
      lastPass = now
      const observeOnly = now - goodSince < Duration.toMillis(observe)
      yield* Effect.forEach(mine(), ({ coordinator }) => coordinator.pass(observeOnly), { discard: true })
    })
    const reconcile = pass.pipe(
      Effect.timeout(silence),
      Effect.catchAllCause((cause) =>
        Effect.gen(function* () {
          lastPass = Number.NEGATIVE_INFINITY
          announcedAt = Number.NEGATIVE_INFINITY
          yield* Effect.logDebug("a reconciling pass failed", cause)
          // an office that is kept but not held would leave the deployment without a coordinator
          yield* Effect.forEach(hosted.values(), ({ coordinator }) => Effect.ignore(coordinator.resign), {
            discard: true
          })
        })
      ),
      Effect.repeat(Schedule.spaced(passInterval)),
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
      yield* messages.serve({ run, stop: node.stop })
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(lease.retract(self)))
      yield* Effect.forkScoped(reach)
      yield* Effect.forkScoped(reconcile)
    }

    const leave = ({ deployment, coordinator }: Hosted) =>
      Effect.gen(function* () {
        hosted.delete(deployment.name)
        if (isRunner) yield* announce
        yield* coordinator.resign
      }).pipe(Effect.timeout(silence), Effect.ignoreLogged, Effect.zipRight(node.stopAll(deployment.name)))

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
      return killSwitch(name)
    }, wholly)

    return { start, killSwitch, deployments: own.all, ...(yield* Observe.make(lease)) }
  })

export const make = makeWith(resolve({}))
