/** How the tests of `ReplaySuite` are run: each on a storage of its own, since a replay may touch all of it. */
import { Effect, Layer, Logger, type Scope } from "effect"
import type { SideServices as Services } from "./sideScene.js"
import { settle } from "./virtualTime.js"

export type ReplayTest = <E>(name: string, body: Effect.Effect<void, E, Services | Scope.Scope>) => void

/** Runs something on a storage that is built for it. */
export type OnStorage = <A, E>(body: Effect.Effect<A, E, Services | Scope.Scope>) => Effect.Effect<A, unknown>

export const onStorage =
  <X>(storage: Layer.Layer<Services, X>): OnStorage =>
  (body) =>
    settle(Effect.scoped(body).pipe(Effect.provide(Layer.provideMerge(storage, silent))))

/** The hosts warn of every process that ends. */
const silent = Logger.remove(Logger.defaultLogger)
