/**
 * What every store of snapshots has to bear, as tests: an entity of the suite's own, on a journal in memory, is saved in
 * the store of the layer and wakes from it.
 *
 * @example
 * ```ts
 * SnapshotStoreSuite.suite("PgSnapshotStore", PgSnapshotStore.layer.pipe(…))
 * ```
 *
 * The tests run on the live clock, with keys that nobody else uses.
 *
 * @since 0.1.0
 */
import { addEqualityTesters } from "@effect/vitest"
import { Layer, Logger } from "effect"
import type { SnapshotStore } from "../SnapshotStore.js"
import { shared } from "./internal/sharedLayer.js"
import { never } from "./internal/snapshotHistories.js"
import { recovering } from "./internal/snapshotRecovery.js"

/**
 * How the suite runs. `histories`: how many histories of an entity are lived through, with snapshots and without; 20 by
 * default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly histories?: number
}

/**
 * Registers the tests.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, store: Layer.Layer<SnapshotStore, E>, options: Options = {}): void => {
  addEqualityTesters()
  // the tests cause warnings
  shared(name, Layer.provideMerge(store, Logger.remove(Logger.defaultLogger)), (it) => {
    recovering(it)
    never(it, options.histories ?? 20)
  })
}
