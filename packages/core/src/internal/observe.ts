/**
 * What anybody sees of the processes: how they are, and how that changes. However many subscribe to the changes on a node,
 * a deployment is looked at once a second, and not at all when nobody does.
 */
import { type Context, Effect, Option, PubSub, RcMap, Schedule, type Scope, Stream } from "effect"
import type { ProcessLeaseError } from "../Lease.js"
import type { ProcessLease } from "../ProcessLease.js"
import type { ProcessStatus } from "../ProcessStatus.js"
import { beatInterval } from "./deploymentSettings.js"
import * as Status from "./processStatus.js"

export interface Observed {
  readonly status: (name: string) => Effect.Effect<ReadonlyArray<ProcessStatus>, ProcessLeaseError>
  readonly changes: (name: string) => Stream.Stream<ProcessStatus>
}

type Snapshot = ReadonlyArray<ProcessStatus>

/** What differs, and what to compare with next. */
const differing = (known: ReadonlyMap<number, ProcessStatus>, now: Snapshot) => {
  const changed = now.filter((status) => {
    const before = Option.fromNullable(known.get(status.index))
    return !Option.exists(before, (_) => Status.isSame(_, status))
  })
  return [new Map(now.map((status) => [status.index, status])), changed] as const
}

export const make = (lease: Context.Tag.Service<ProcessLease>): Effect.Effect<Observed, never, Scope.Scope> =>
  Effect.gen(function* () {
    const status: Observed["status"] = (name) => Effect.map(lease.list(name), (rows) => rows.map(Status.of))
    const looks = yield* RcMap.make({
      lookup: (name: string) =>
        Effect.gen(function* () {
          // who reads slowly compares with the latest snapshot, and misses what is over
          const snapshots = yield* PubSub.sliding<Snapshot>({ capacity: 1, replay: 1 })
          yield* status(name).pipe(
            Effect.flatMap((now) => PubSub.publish(snapshots, now)),
            Effect.catchAll((error) => Effect.logDebug(`the processes of ${name} could not be read`, error)),
            Effect.repeat(Schedule.spaced(beatInterval)),
            Effect.withTracerEnabled(false),
            Effect.forkScoped
          )
          return snapshots
        })
    })
    const changes: Observed["changes"] = (name) =>
      Stream.unwrapScoped(
        Effect.map(RcMap.get(looks, name), (snapshots) =>
          Stream.fromPubSub(snapshots, { maxChunkSize: 1 }).pipe(
            Stream.mapAccum<ReadonlyMap<number, ProcessStatus>, Snapshot, Snapshot>(new Map(), differing),
            Stream.mapConcat((changed) => changed)
          )
        )
      )
    return { status, changes }
  })
