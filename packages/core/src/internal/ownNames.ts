/** The names of the deployments on one node: each belongs to the first who asks, until that one's scope closes. */
import { Effect, type Scope } from "effect"
import { DeploymentExists } from "../Lease.js"

export const make = () => {
  const taken = new Set<string>()
  return {
    take: (name: string): Effect.Effect<void, DeploymentExists, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.suspend(() =>
          taken.has(name) ? new DeploymentExists({ deployment: name }) : Effect.sync(() => void taken.add(name))
        ),
        () => Effect.sync(() => taken.delete(name))
      ),
    all: Effect.sync((): ReadonlyArray<string> => [...taken])
  }
}
