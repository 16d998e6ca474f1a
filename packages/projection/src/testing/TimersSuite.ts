/**
 * The conformance suite of timers: whatever crashes, is repeated or taken over, every timer that is not cancelled becomes
 * one event, never before its time. It holds for `Timers` itself and for the store, the journal and the leases under it.
 *
 * The layer serves `FiredJournal`, timers, offsets, leases and the host of processes. Each test uses names of its own, so
 * the storage may be shared and need not be empty.
 *
 * @example
 * ```ts
 * TimersSuite.suite(
 *   "memory",
 *   Layer.mergeAll(
 *     FiredJournal.layerMemory, Timers.layerMemory, OffsetStore.layerMemory, DistributedProcessing.layerLocal
 *   ).pipe(Layer.provideMerge(ProcessLease.layerMemory))
 * )
 * ```
 *
 * @since 0.1.0
 */
import type { Layer } from "effect"
import { type Clocked, onOneLayer } from "./internal/onOneLayer.js"
import { firingTests } from "./internal/timersFiring.js"
import type { Services } from "./internal/timersScene.js"
import { storeTests } from "./internal/timersStore.js"
import { troubleTests } from "./internal/timersTrouble.js"

export { FiredJournal } from "./internal/timersScene.js"
export type { Services } from "./internal/timersScene.js"

/**
 * How a suite runs. `clock`: `"test"` (the default) for layers whose time is virtual, `"live"` for those that talk to a
 * server. `runs`: how many random histories each property is tried with (20 by default).
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Clocked {
  readonly runs?: number
}

/**
 * Registers the tests under a name. The layer is built once for all of them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, layer: Layer.Layer<Services, E>, options: Options = {}): void =>
  onOneLayer(`Timers, ${name}`, layer, options, (it) => {
    storeTests(it.effect)
    firingTests(it.effect)
    troubleTests(it.effect, options.runs ?? 20)
  })
