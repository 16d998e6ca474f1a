/**
 * The conformance suite of replays: views that are folded anew in place or side by side, compared and swapped, while queries
 * and commands go on and the command is killed after each of its steps.
 *
 * The layer serves `FewJournal`, `SumsView` (`key`, `version`, `sum`, `count`, `trail`), `NextSumsView` (the same, and
 * `largest`), aliases and leases. It is built for each test, and has to be empty then.
 *
 * @example
 * ```ts
 * ReplaySuite.suite(
 *   "memory",
 *   Layer.mergeAll(
 *     FewJournal.layerMemory,
 *     SumsView.layerMemory,
 *     NextSumsView.layerMemory,
 *     ViewAliases.layerMemory
 *   ).pipe(Layer.provideMerge(ProcessLease.layerMemory))
 * )
 * ```
 *
 * @since 0.1.0
 */
import { addEqualityTesters, describe, effect, live } from "@effect/vitest"
import type { Layer } from "effect"
import { inPlaceTests } from "./internal/replayInPlace.js"
import { dryRunTests, propertyTests } from "./internal/replayProperties.js"
import { onStorage, type ReplayTest } from "./internal/replayTest.js"
import { sideBySideTests } from "./internal/sideBySide.js"
import type { SideServices } from "./internal/sideScene.js"

export { FewJournal, SumsView } from "./internal/repartitionScene.js"
export { NextSumsView } from "./internal/sideScene.js"

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
export const suite = <E>(name: string, layer: Layer.Layer<SideServices, E>, options: Options = {}): void => {
  addEqualityTesters()
  const tester = options.clock === "live" ? live : effect
  const on = onStorage(layer)
  const it: ReplayTest = (sentence, body) => tester(sentence, () => on(body), timeout)
  describe(`Replay, ${name}`, () => {
    inPlaceTests(it, options.every ?? 1)
    dryRunTests(it)
    sideBySideTests(it)
    propertyTests(tester, on, options.runs ?? 25)
  })
}
