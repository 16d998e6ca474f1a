/**
 * The conformance suite of process managers: whatever crashes, is repeated or taken over, every command of every event
 * takes effect once. It holds for `ProcessManager` itself and for the journals, stores, leases and the host of entities
 * under it.
 *
 * The layer serves `ShopJournal`, `LedgerJournal`, `ClerkJournal` and `Shop` (the table it needs stands there), offsets, leases, the host
 * of entities and that of processes. Each test uses keys and managers of its own, so the storage may be shared.
 *
 * @example
 * ```ts
 * ProcessManagerSuite.suite(
 *   "memory",
 *   Layer.mergeAll(
 *     ShopJournal.layerMemory, LedgerJournal.layerMemory, ClerkJournal.layerMemory, Shop.layerMemory,
 *     OffsetStore.layerMemory, EntityHost.layerLocal, DistributedProcessing.layerLocal
 *   ).pipe(Layer.provideMerge(ProcessLease.layerMemory))
 * )
 * ```
 *
 * @since 0.1.0
 */
import type { Layer } from "effect"
import { ownEntityTests } from "./internal/managerOwnEntity.js"
import type { Services } from "./internal/managerScene.js"
import { managerTests } from "./internal/managerTests.js"
import { type Clocked, onOneLayer } from "./internal/onOneLayer.js"

export { ClerkJournal } from "./internal/clerk.js"
export type { Services } from "./internal/managerScene.js"
export { LedgerJournal, Shop, ShopJournal } from "./internal/shop.js"

/**
 * How a suite runs. `clock`: `"test"` (the default) for layers whose time is virtual, `"live"` for those that talk to a
 * server. `runs`: how many random histories each property is tried with (8 by default).
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
  onOneLayer(`ProcessManager, ${name}`, layer, options, (it) => {
    managerTests(it.effect, options.runs ?? 8)
    ownEntityTests(it.effect, options.runs ?? 8)
  })
