/**
 * A journal as the code of two releases declares it, in one memory: what the one stores, the other reads. For tests of
 * what changes between them: the number of partitions, the shape of events.
 *
 * @since 0.1.0
 */
import { Effect, Layer } from "effect"
import * as memory from "../internal/journalMemory.js"
import type { JournalClass } from "../Journal.js"

type Event = { readonly _tag: string }

/**
 * Two journal classes on one storage in the memory of this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = <A, NA extends string, EA extends Event, IA, B, NB extends string, EB extends Event, IB>(
  one: JournalClass<A, NA, EA, IA>,
  other: JournalClass<B, NB, EB, IB>
): Layer.Layer<A | B> =>
  Layer.unwrapEffect(
    Effect.map(memory.storage, (storage) =>
      Layer.merge(
        Layer.effect(one, memory.make(one.format, one.tagging, storage)),
        Layer.effect(other, memory.make(other.format, other.tagging, storage))
      )
    )
  )
