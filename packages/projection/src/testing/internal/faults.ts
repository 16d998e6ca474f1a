/** A store that crashes on request and a journal that repeats itself: what a projection has to bear. */
import type { Journal } from "@aecor/core"
import { Chunk, Effect, FastCheck, Stream } from "effect"
import type { ViewStore } from "../../ViewStore.js"

/**
 * What befalls one use of a store: nothing; a crash before the commit, or after it and before its answer; a crash while
 * loading.
 */
export type Fault = "none" | "crashBeforeCommit" | "crashAfterCommit" | "crashInLoad"

export const faults: FastCheck.Arbitrary<ReadonlyArray<Fault>> = FastCheck.array(
  FastCheck.constantFrom<Array<Fault>>("none", "none", "crashBeforeCommit", "crashAfterCommit", "crashInLoad"),
  { maxLength: 12 }
)

/** A store whose uses meet the faults, one after the other; the rest meet none. */
export const faultyStore = <V>(store: ViewStore<V>, script: ReadonlyArray<Fault>): ViewStore<V> => {
  const left = [...script]
  const crash = Effect.dieMessage("the process has crashed")
  return {
    ...store,
    load: (consumer, keys) =>
      Effect.suspend(() => (left.shift() === "crashInLoad" ? crash : store.load(consumer, keys))),
    commit: (commit) =>
      Effect.suspend(() => {
        const fault = left.shift()
        if (fault === "crashBeforeCommit") return crash
        return fault === "crashAfterCommit" ? Effect.zipRight(store.commit(commit), crash) : store.commit(commit)
      })
  }
}

/**
 * A journal whose readers by tag get pages of `pageSize`, begin `overlap` positions too early, and get every page twice
 * where `twice` says so.
 */
export interface Delivery {
  readonly pageSize: number
  readonly overlap: number
  readonly twice: boolean
}

export const deliveries: FastCheck.Arbitrary<Delivery> = FastCheck.record({
  pageSize: FastCheck.integer({ min: 1, max: 12 }),
  overlap: FastCheck.nat(10),
  twice: FastCheck.boolean()
})

export const deliveredBy = <E>(
  journal: Journal.Journal<E>,
  { overlap, pageSize, twice }: Delivery
): Journal.Journal<E> => ({
  ...journal,
  eventsByTag: (tag, after) =>
    journal.eventsByTag(tag, Math.max(0, after - overlap)).pipe(
      Stream.chunks,
      Stream.flatMap((chunk) => {
        const pages = [...Chunk.chunksOf(chunk, pageSize)]
        return Stream.fromChunks(...(twice ? pages.flatMap((page) => [page, page]) : pages))
      })
    )
})
