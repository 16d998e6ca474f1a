/**
 * The conformance suite of exactly-once projections: whatever crashes, is repeated or taken over, a row is the fold of
 * its key's events. It holds for the projection itself and for the journal, view store and leases under it.
 *
 * The layer serves `TotalsJournal` and `TotalsView` (the table it needs stands there), the leases and the host of
 * processes. Each test uses keys, projections and deployments of its own, so the storage may be shared.
 *
 * @example
 * ```ts
 * ProjectionSuite.suite(
 *   "memory",
 *   Layer.mergeAll(TotalsJournal.layerMemory, TotalsView.layerMemory, DistributedProcessing.layerLocal).pipe(
 *     Layer.provideMerge(ProcessLease.layerMemory)
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 */
import type { Layer } from "effect"
import { type Clocked, onOneLayer } from "./internal/onOneLayer.js"
import { faultTests } from "./internal/projectionFaults.js"
import { mergedTests } from "./internal/projectionMerged.js"
import { mergedReceiptTests } from "./internal/projectionMergedReceipt.js"
import { quarantineTests } from "./internal/projectionQuarantine.js"
import { takeoverTests } from "./internal/projectionTakeover.js"
import type { Services } from "./internal/scene.js"

export type { Services } from "./internal/scene.js"
export { TotalsJournal, TotalsView } from "./internal/totals.js"

/**
 * How a suite runs. `clock`: `"test"` (the default) for layers whose time is virtual, `"live"` for those that talk to a
 * server. `runs`: how many random histories each property is tried with (25 by default).
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
  onOneLayer(`Projection, ${name}`, layer, options, (it) => {
    const { runs = 25 } = options
    faultTests(it.effect, runs)
    takeoverTests(it.effect)
    quarantineTests(it.effect, Math.ceil(runs / 4))
    mergedTests(it.effect, Math.ceil(runs / 5))
    mergedReceiptTests(it.effect)
  })
