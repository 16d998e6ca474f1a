/** How the conformance suites register their tests: on one layer that is built once for all of them. */
import { layer as layerOf, type Vitest } from "@effect/vitest"
import { Layer, Logger } from "effect"

/** `clock`: `"test"` (the default) for layers whose time is virtual, `"live"` for those that talk to a server. */
export interface Clocked {
  readonly clock?: "test" | "live"
}

/** The hosts warn of every crash that the tests cause, and are not heard. */
export const onOneLayer = <R, E>(
  name: string,
  layer: Layer.Layer<R, E>,
  { clock }: Clocked,
  tests: (it: Vitest.MethodsNonLive<R, boolean>) => void
): void =>
  layerOf(Layer.provideMerge(layer, Logger.remove(Logger.defaultLogger)), {
    excludeTestServices: clock === "live",
    timeout: "30 seconds"
  })(name, tests)
