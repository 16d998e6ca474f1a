/**
 * The conformance suite of replays: views that are folded anew in place, while queries and commands go on and the command
 * is killed after each of its steps.
 *
 * The layer serves `FewJournal`, `SumsView` (`key`, `version`, `sum`, `count`, `trail`) and leases. It is built for each
 * test, and has to be empty then.
 *
 * @example
 * ```ts
 * ReplaySuite.suite(
 *   "memory",
 *   Layer.mergeAll(FewJournal.layerMemory, SumsView.layerMemory).pipe(Layer.provideMerge(ProcessLease.layerMemory))
 * )
 * ```
 *
 * @since 0.1.0
 */
import { addEqualityTesters, describe, effect, live } from "@effect/vitest"
import type { Layer } from "effect"
import { inPlaceTests } from "./internal/replayInPlace.js"
import { dryRunTests, propertyTests } from "./internal/replayProperties.js"
import type { Services } from "./internal/replayScene.js"
import { onStorage, type ReplayTest } from "./internal/replayTest.js"

export { FewJournal, SumsView } from "./internal/repartitionScene.js"

/**
 * How a suite runs. `clock`: `"test"` (the default) for layers whose time is virtual, `"live"` for those that talk to a
 * server. `every`: after how many more steps than the last time the command is killed (1). `runs`: how many random
 * histories each property is tried with (25).
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly clock?: "test" | "live"
  readonly every?: number
  readonly runs?: number
}

/** Longer than any of the tests takes on a busy machine, in milliseconds. */
const timeout = 120_000

/**
 * Registers the tests under a name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, layer: Layer.Layer<Services, E>, options: Options = {}): void => {
  addEqualityTesters()
  const tester = options.clock === "live" ? live : effect
  const on = onStorage(layer)
  const it: ReplayTest = (sentence, body) => tester(sentence, () => on(body), timeout)
  describe(`Replay, ${name}`, () => {
    inPlaceTests(it, options.every ?? 1)
    dryRunTests(it)
    propertyTests(tester, on, options.runs ?? 25)
  })
}
