/**
 * The runs of a node that did not stop in time. Such a run may write until a newer epoch exists, so the node keeps its
 * fence until that is certain: nobody is told that a process has stopped of which something may still take effect.
 */
import { type Context, Effect, Schema } from "effect"
import type { Fence } from "../ProcessContext.js"
import type { ProcessLease } from "../ProcessLease.js"
import { silence } from "./deploymentSettings.js"
import { within } from "./within.js"

/** A run that did not stop in time could not be fenced: it may still write. */
export class Unfenced extends Schema.TaggedError<Unfenced>()("Unfenced", {
  deployment: Schema.String,
  index: Schema.Number
}) {}

interface Process {
  readonly deployment: string
  readonly index: number
}

export const make = (lease: Context.Tag.Service<ProcessLease>) => {
  const all = new Set<Fence>()
  const of = ({ deployment, index }: Process) =>
    [...all].filter((fence) => fence.deployment === deployment && fence.index === index)
  const forget = (fence: Fence) => Effect.sync(() => void all.delete(fence))

  const fenceOne = (fence: Fence): Effect.Effect<void, Unfenced> =>
    within(Effect.zipRight(lease.check(fence), lease.revoke(fence.deployment, fence.index)), silence).pipe(
      Effect.catchTag("Fenced", () => Effect.void),
      Effect.zipRight(forget(fence)),
      Effect.catchAll((error) =>
        Effect.zipRight(
          Effect.logWarning(`an abandoned run of process ${fence.index} of ${fence.deployment} is not fenced`, error),
          new Unfenced({ deployment: fence.deployment, index: fence.index })
        )
      )
    )

  return {
    add: (fence: Fence) => Effect.sync(() => void all.add(fence)),
    /** It has ended after all. */
    forget,
    /** A newer epoch was taken. */
    forgetAll: (process: Process) => Effect.forEach(of(process), forget, { discard: true }),
    has: (process: Process): boolean => of(process).length > 0,
    /** Takes a new epoch where the abandoned runs of a process may still write. */
    fence: (process: Process): Effect.Effect<void, Unfenced> => Effect.forEach(of(process), fenceOne, { discard: true })
  }
}

export type AbandonedRuns = ReturnType<typeof make>
