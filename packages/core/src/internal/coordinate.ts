/**
 * The reconciling of one deployment by one runner: take or keep its coordination, look at its processes, do what the
 * plan says. Every action is a compare-and-set on the generation of which only the winner sends, so coordinators that
 * overlap for a moment are harmless.
 */
import { Array as Arr, Clock, type Context, Duration, Effect, Option, type Scope } from "effect"
import type { ProcessRow, Runner } from "../Lease.js"
import type { ProcessLease } from "../ProcessLease.js"
import { type Deployment, lastTime, silence } from "./deploymentSettings.js"
import * as Plan from "./plan.js"
import type { Client } from "./processMessages.js"

/** Processes that are sent at once. A thousand of them would run out of time waiting for each other. */
const sendings = 16

/** How long a coordinator keeps its office without renewing it. */
const term = Duration.seconds(3)

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
  let live: { runners: ReadonlyArray<Runner>; since: number } = { runners: [], since: 0 }
  const sending = Effect.unsafeMakeSemaphore(sendings)
  const stopTimeout = Duration.sum(Duration.sum(settings.shutdownTimeout, lastTime), Duration.seconds(1))

  const act = ({ row, to, why }: Plan.Action) =>
    Effect.gen(function* () {
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
      if (acting.has(row.index)) continue
      memories.set(row.index, Plan.remember(memories.get(row.index) ?? Plan.nothingKnown, row, now))
    }
    return Plan.plan(rows, memories, { runners, stableFor: Duration.millis(now - live.since) }, now).filter(
      ({ row }) => !acting.has(row.index)
    )
  }

  const isFresh = (row: ProcessRow) => row.desired && Option.isNone(row.sinceSent)

  /** One pass. While `observeOnly`, beats that look old may be one's own outage: only what runs nowhere is sent. */
  const pass = (observeOnly: boolean) =>
    Effect.gen(function* () {
      if (observeOnly && !(yield* lease.list(name)).some(isFresh)) return
      if (!(yield* lease.coordinate(name, self, term))) return
      const runners = yield* lease.runners(name, silence)
      const rows = yield* lease.list(name)
      for (const action of lookAt(rows, runners, yield* Clock.currentTimeMillis)) {
        if (observeOnly && action.why !== "fresh") continue
        acting.add(action.row.index)
        yield* Effect.forkIn(act(action), options.scope)
      }
    })

  return { pass, resign: lease.resign(name, self) }
}
