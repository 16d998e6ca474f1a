/**
 * The reconciling of one deployment by one runner: take or keep its coordination, look at its processes, do what the
 * plan says. Every action is a compare-and-set on the generation of which only the winner sends, so coordinators that
 * overlap for a moment are harmless.
 *
 * Each deployment is looked at by itself: one that takes long, or fails, holds up no other. What a runner says of itself
 * does not wait for any of them either.
 */
import { Array as Arr, type Context, Duration, Effect, Option, Schedule, type Scope } from "effect"
import type { ProcessRow, Runner } from "../Lease.js"
import type { ProcessLease } from "../ProcessLease.js"
import { type Deployment, lastTime, silence } from "./deploymentSettings.js"
import { elapsed } from "./elapsed.js"
import * as Plan from "./plan.js"
import type { Client } from "./processMessages.js"

/** Processes that are sent at once. A thousand of them would run out of time waiting for each other. */
const sendings = 16

/** How long a coordinator keeps its office without renewing it. */
const term = Duration.seconds(3)

/** How often a runner looks what there is to do. */
const passInterval = Duration.millis(500)

/**
 * A process that was sent and not claimed in time may stand in line on its runner behind others: to send it again would
 * put it at the end. So the runner is asked first; how often at the most, and for how long it is left in line.
 */
const askInterval = Duration.seconds(3)
const longestLine = Duration.minutes(1)

const sameRunners = Arr.getEquivalence<Runner>((a, b) => a.name === b.name && a.weight === b.weight)

export const make = (options: {
  readonly self: string
  readonly lease: Context.Tag.Service<ProcessLease>
  readonly client: Client
  readonly deployment: Deployment
  /** Where actions run that outlast a pass. */
  readonly scope: Scope.Scope
}) => {
  const { client, lease, self } = options
  const { name, settings } = options.deployment
  const acting = new Set<number>()
  const memories = new Map<number, Plan.Memory>()
  /** The processes that stand in line, in which generation, since when, and until when that is believed. */
  const inLine = new Map<number, { readonly generation: number; readonly since: number; readonly until: number }>()
  let live: { runners: ReadonlyArray<Runner>; since: number } = { runners: [], since: 0 }
  const sending = Effect.unsafeMakeSemaphore(sendings)
  const stopTimeout = Duration.sum(Duration.sum(settings.shutdownTimeout, lastTime), Duration.seconds(1))

  /** Whether the runner says that it has a silent process in line. Then it is left there, and not counted as silent. */
  const standsInLine = (row: ProcessRow) =>
    Effect.gen(function* () {
      const now = yield* elapsed
      const known = inLine.get(row.index)
      const since = known?.generation === row.generation ? known.since : now
      const isHeld =
        now - since <= Duration.toMillis(longestLine) &&
        Option.isSome(row.target) &&
        (yield* Effect.orElseSucceed(client.holds(row, row.target.value), () => false))
      if (!isHeld) return false
      const until = (yield* elapsed) + Duration.toMillis(askInterval)
      inLine.set(row.index, { generation: row.generation, since, until })
      memories.set(row.index, Plan.forgiven(memories.get(row.index) ?? Plan.nothingKnown))
      return true
    })

  const isBelieved = ({ generation, index }: ProcessRow, now: number): boolean => {
    const known = inLine.get(index)
    return known?.generation === generation && known.until > now
  }

  const act = ({ row, to, why }: Plan.Action) =>
    Effect.gen(function* () {
      if (why === "silent" && (yield* standsInLine(row))) return
      yield* Effect.logDebug(`process ${row.index} of ${name}: ${why}, to ${to}`)
      if (why === "move" && Option.isSome(row.target)) {
        // unanswered: it may hang or its runner may be gone; the next claim fences it
        yield* Effect.catchAllCause(client.stop(row, row.target.value, stopTimeout), (cause) =>
          Effect.logWarning(`process ${row.index} of ${name} did not answer to Stop`, cause)
        )
      }
      yield* sending.withPermits(1)(
        Effect.flatMap(lease.assign(row, to), (generation) =>
          Option.isSome(generation) ? client.run({ ...row, generation: generation.value }, to) : Effect.void
        )
      )
    }).pipe(
      // what was not done shows in the next passes as silence
      Effect.catchAllCause((cause) => Effect.logWarning(`process ${row.index} of ${name} could not be placed`, cause)),
      Effect.ensuring(Effect.sync(() => acting.delete(row.index)))
    )

  const lookAt = (rows: ReadonlyArray<ProcessRow>, runners: ReadonlyArray<Runner>, now: number) => {
    if (!sameRunners(runners, live.runners)) live = { runners, since: now }
    for (const row of rows) {
      if (acting.has(row.index) || isBelieved(row, now)) continue
      const memory = memories.get(row.index) ?? Plan.nothingKnown
      memories.set(row.index, Plan.remember(memory, row, now, settings.silence))
    }
    const stableFor = Duration.millis(now - live.since)
    return Plan.plan(rows, memories, { runners, stableFor }, now, settings.silence).filter(
      ({ row, why }) => !acting.has(row.index) && !(why === "silent" && isBelieved(row, now))
    )
  }

  /** What there is to do. */
  const look = Effect.gen(function* () {
    const runners = yield* lease.runners(name, silence)
    const rows = yield* lease.list(name)
    return lookAt(rows, runners, yield* elapsed)
  })

  const begin = (action: Plan.Action) =>
    Effect.suspend(() => {
      acting.add(action.row.index)
      return Effect.forkIn(act(action), options.scope)
    })

  const isFresh = (row: ProcessRow) => row.desired && Option.isNone(row.sinceSent)

  /** One pass. While `observeOnly`, beats that look old may be one's own outage: only what runs nowhere is sent. */
  const pass = (observeOnly: boolean) =>
    Effect.gen(function* () {
      if (observeOnly && !(yield* lease.list(name)).some(isFresh)) return
      if (!(yield* lease.coordinate(name, self, term))) return
      const actions = yield* look
      yield* Effect.forEach(
        actions.filter(({ why }) => !observeOnly || why === "fresh"),
        begin,
        { discard: true }
      )
    })

  const resign = lease.resign(name, self)

  /** Passes for ever, as long as `able` succeeds, and with pauses in which it only observes. */
  const reconcile = <E>(able: Effect.Effect<void, E>, observe: Duration.Duration): Effect.Effect<void> => {
    let lastPass = Number.NEGATIVE_INFINITY
    let goodSince = 0
    return Effect.gen(function* () {
      yield* able
      const now = yield* elapsed
      // after an outage or a stall of one's own every beat looks old: observe for a while before acting on it
      if (now - lastPass > Duration.toMillis(silence)) goodSince = now
      lastPass = now
      yield* pass(now - goodSince < Duration.toMillis(observe))
    }).pipe(
      Effect.timeout(silence),
      Effect.catchAllCause((cause) => {
        lastPass = Number.NEGATIVE_INFINITY
        // an office that is kept but not held would leave the deployment without a coordinator
        return Effect.zipRight(Effect.logDebug(`a pass of ${name} failed`, cause), Effect.ignore(resign))
      }),
      Effect.repeat(Schedule.spaced(passInterval)),
      Effect.asVoid,
      Effect.withTracerEnabled(false)
    )
  }

  /**
   * Gives what belongs to this runner to those that stay, when it has ceased to announce the deployment. Another
   * coordinator would do it a moment later.
   */
  const handOver = Effect.gen(function* () {
    const leaving = (yield* look).filter(({ row, why }) => why === "dead" && Option.contains(row.target, self))
    const begun = yield* Effect.forEach(leaving, begin)
    yield* Effect.forEach(begun, (fiber) => fiber.await, { concurrency: "unbounded", discard: true })
    yield* resign
  })

  return { pass, reconcile, handOver }
}
