/**
 * The conformance suite of view stores: every promise of the port `ViewStore`, for any implementation.
 *
 * The layer serves `SuiteView` (the table it needs stands there) and the leases that its commits check. Each test uses
 * keys, consumers and deployments of its own, so the storage may be shared and need not be empty.
 *
 * @example
 * ```ts
 * ViewStoreSuite.suite("memory", SuiteView.layerMemory.pipe(Layer.provideMerge(ProcessLease.layerMemory)))
 * ```
 *
 * @since 0.1.0
 */
import type { ConsumerId, OffsetStore, ProcessLease, Quarantine } from "@aecor/core"
import { QuarantineSuite } from "@aecor/core/testing"
import { layer as layerOf } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { SuiteView } from "./internal/suiteView.js"
import { commitTests } from "./internal/viewStoreCommit.js"
import { queryTests } from "./internal/viewStoreQuery.js"
import { quarantineTests } from "./internal/viewStoreQuarantine.js"
import { receiptTests } from "./internal/viewStoreReceipt.js"
import { replaceTests } from "./internal/viewStoreReplace.js"
import { tombstoneTests } from "./internal/viewStoreTombstones.js"

export { SuiteView } from "./internal/suiteView.js"

/**
 * How a suite runs. `clock`: `"test"` (the default) for layers whose time is virtual, `"live"` for those that talk to a
 * server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly clock?: "test" | "live"
}

/**
 * Registers the tests under a name. The layer is built once for all of them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(
  name: string,
  layer: Layer.Layer<SuiteView | ProcessLease.ProcessLease, E>,
  options: Options = {}
): void => {
  layerOf(layer, { excludeTestServices: options.clock === "live", timeout: "30 seconds" })(
    `ViewStore, ${name}`,
    (it) => {
      queryTests(it.effect)
      commitTests(it.effect)
      receiptTests(it.effect)
      replaceTests(it.effect)
      tombstoneTests(it.effect)
      quarantineTests(it.effect)
    }
  )
  QuarantineSuite.suite(name, layer, quarantining)
}

const quarantining = Effect.map(SuiteView, (store) => ({
  conflict: "CommitConflict" as const,
  offset: (consumer: ConsumerId.ConsumerId) => Effect.map(store.load(consumer, []), ({ offset }) => offset),
  commit: (commit: OffsetStore.Commit) => store.commit({ ...commit, rows: new Map() }),
  quarantined: store.quarantined,
  settle: (attempt: Quarantine.Attempt) => store.settle({ ...attempt, rows: new Map(), tombstones: new Map() })
}))
