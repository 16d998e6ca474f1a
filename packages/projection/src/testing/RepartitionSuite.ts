/**
 * The conformance suite of repartitioning: a journal under load gets other partitions again and again, while nodes of
 * two releases run and the command is killed after each of its steps. No event is passed over, none is handled twice,
 * and each key's are handled in order.
 *
 * The layer serves `FewJournal` and `ManyJournal` in one storage, `SumsView` (`key`, `version`, `sum`, `count`, `trail`),
 * offsets and leases.
 *
 * @example
 * ```ts
 * RepartitionSuite.suite(
 *   "memory",
 *   Layer.mergeAll(Releases.layerMemory(FewJournal, ManyJournal), SumsView.layerMemory, OffsetStore.layerMemory).pipe(
 *     Layer.provideMerge(ProcessLease.layerMemory)
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 */
import type { Layer } from "effect"
import { type Clocked, onOneLayer } from "./internal/onOneLayer.js"
import { repartitionTests, type Services } from "./internal/repartitioning.js"

export { FewJournal, ManyJournal, SumsView } from "./internal/repartitionScene.js"

/**
 * How a suite runs. `clock`: `"test"` (the default) for layers whose time is virtual, `"live"` for those that talk to a
 * server. `every`: after how many more steps than the last time the command is killed (1).
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Clocked {
  readonly every?: number
}

/**
 * Registers the tests under a name. The layer is built once for all of them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, layer: Layer.Layer<Services, E>, options: Options = {}): void =>
  onOneLayer(`Repartition, ${name}`, layer, options, (it) =>
    repartitionTests((sentence, body, timeout) => it.scoped(sentence, body, timeout), options.every ?? 1)
  )
