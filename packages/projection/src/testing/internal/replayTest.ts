/** How the tests of `ReplaySuite` are run: each on a storage of its own, since a replay may touch all of it. */
import { Effect, type Layer, Logger, type Scope } from "effect"
import type { Services } from "./replayScene.js"
import { settle } from "./virtualTime.js"

export type ReplayTest = <E>(name: string, body: Effect.Effect<void, E, Services | Scope.Scope>) => void

/** Runs something on a storage that is built for it. */
export type OnStorage = <A, E>(body: Effect.Effect<A, E, Services | Scope.Scope>) => Effect.Effect<A, unknown>

export const onStorage =
  <X>(storage: Layer.Layer<Services, X>): OnStorage =>
  (body) =>
    settle(
      body.pipe(
        Effect.scoped,
        Effect.provide(storage),
        // the hosts warn of every process that ends
        Effect.provide(Logger.remove(Logger.defaultLogger))
      )
    )
