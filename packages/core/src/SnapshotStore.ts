/**
 * Where entities keep their snapshots: a key-value store of their own, apart from an application's other ones.
 *
 * Any `KeyValueStore` will do. Nothing is lost with it: a snapshot that is gone, cannot be read or does not come in time
 * makes an entity read all its events. The keys are `["<entity>","<key>"]`, as JSON; a key has one value, which is
 * overwritten.
 *
 * @since 0.1.0
 */
import { KeyValueStore } from "@effect/platform"
import { Context, Layer } from "effect"

/**
 * The store of the snapshots.
 *
 * @since 0.1.0
 * @category services
 */
export class SnapshotStore extends Context.Tag("@aecor/core/SnapshotStore")<
  SnapshotStore,
  KeyValueStore.KeyValueStore
>() {}

/**
 * Snapshots in a given store.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (store: KeyValueStore.KeyValueStore): Layer.Layer<SnapshotStore> =>
  Layer.succeed(SnapshotStore, store)

/**
 * Snapshots in the application's key-value store.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore: Layer.Layer<SnapshotStore, never, KeyValueStore.KeyValueStore> = Layer.effect(
  SnapshotStore,
  KeyValueStore.KeyValueStore
)

/**
 * Snapshots in the memory of this process: they save an entity that has slept from reading all its events again.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<SnapshotStore> = Layer.provide(
  layerKeyValueStore,
  // not the one that an application may have of its own
  Layer.fresh(KeyValueStore.layerMemory)
)
