/** Where projections keep their offsets: a view has those of its projections, all others are in the `OffsetStore`. */
import { OffsetStore } from "@aecor/core"
import { Effect } from "effect"
import type { Offsets } from "../ProjectionModels.js"
import type * as ViewStore from "../ViewStore.js"

export const offsetStore: Offsets<OffsetStore.OffsetStore> = {
  advancedAt: (consumer) => Effect.flatMap(OffsetStore.OffsetStore, (store) => store.advancedAt(consumer)),
  get: (consumer) => Effect.flatMap(OffsetStore.OffsetStore, (store) => store.get(consumer)),
  move: (commit) => Effect.flatMap(OffsetStore.OffsetStore, (store) => store.commit(commit))
}

export const view = <VS, V>(tag: ViewStore.Any<VS, V>): Offsets<VS> => ({
  advancedAt: (consumer) => Effect.flatMap(tag, (store) => store.advancedAt(consumer)),
  get: (consumer) => Effect.flatMap(tag, (store) => Effect.map(store.load(consumer, []), ({ offset }) => offset)),
  move: (commit) => Effect.flatMap(tag, (store) => store.commit({ ...commit, rows: new Map() }))
})
