/** Tests that each build their layer anew, on the clock that the suite is asked for. */
import { addEqualityTesters, describe, effect, live } from "@effect/vitest"
import { Effect, type Layer, Logger, type Scope } from "effect"
import { onLayer } from "./patience.js"

/** Registers a test that needs what the layer provides. */
export type OwnTest = <R, E, E2>(
  sentence: string,
  body: Effect.Effect<void, E, R | Scope.Scope>,
  layer: Layer.Layer<R, E2>
) => void

/** How long any one test may run, in milliseconds of real time. */
const timeout = 300_000

/** The tests share nothing and mostly wait, also under a TestClock, so they wait together. */
export const owning = (name: string, clock: "test" | "live", register: (it: OwnTest) => void): void => {
  addEqualityTesters()
  const it = clock === "test" ? effect : live
  describe.concurrent(`${name}`, () => {
    register((sentence, body, layer) => it(sentence, () => Effect.provide(onLayer(body, layer), silent), timeout))
  })
}

/** The hosts warn of every failure that the tests cause. */
const silent = Logger.remove(Logger.defaultLogger)
