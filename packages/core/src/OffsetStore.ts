/**
 * Where consumers keep how far they have read. Used by consumers whose effects lie elsewhere; a view keeps its offset
 * with its rows, in the same transaction.
 *
 * @since 0.1.0
 */
import { Context, Data, Effect, HashMap, Layer, Option, Ref } from "effect"
import type { ConsumerId } from "./ConsumerId.js"
import * as Offset from "./Offset.js"
import type { Fence, Fenced } from "./ProcessContext.js"
import { ProcessLease } from "./ProcessLease.js"

/**
 * The stored offset is not the one that the consumer read: another run has moved it. Nothing was written.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetConflict extends Data.TaggedError("OffsetConflict")<{
  readonly consumer: ConsumerId
  readonly expected: Offset.Offset
  readonly actual: Offset.Offset
}> {
  override get message(): string {
    return `${this.consumer.toString()}: expected offset ${this.expected}, found ${this.actual}`
  }
}

/**
 * The store did not answer, or refused. Whether a commit took effect is decided by reading the offset again.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetStoreError extends Data.TaggedError("OffsetStoreError")<{
  readonly description: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return this.description
  }
}

/**
 * One step of a consumer: from the offset it read to the offset it has handled, under its process's fence.
 *
 * @since 0.1.0
 * @category models
 */
export interface Commit {
  readonly consumer: ConsumerId
  readonly fence: Fence
  readonly expected: Offset.Offset
  readonly offset: Offset.Offset
}

/**
 * The offsets of consumers. `get` answers 0 for one that has never committed; `commit` stores the offset where the
 * fence is the newest and the stored offset is the expected one.
 *
 * @since 0.1.0
 * @category services
 */
export class OffsetStore extends Context.Tag("@aecor/core/OffsetStore")<
  OffsetStore,
  {
    readonly get: (consumer: ConsumerId) => Effect.Effect<Offset.Offset, OffsetStoreError>
    readonly commit: (commit: Commit) => Effect.Effect<void, Fenced | OffsetConflict | OffsetStoreError>
  }
>() {}

/**
 * Offsets in the memory of this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<OffsetStore, never, ProcessLease> = Layer.effect(
  OffsetStore,
  Effect.gen(function* () {
    const lease = yield* ProcessLease
    const offsets = yield* Ref.make(HashMap.empty<ConsumerId, Offset.Offset>())
    const offsetIn = (all: HashMap.HashMap<ConsumerId, Offset.Offset>, consumer: ConsumerId) =>
      Option.getOrElse(HashMap.get(all, consumer), () => Offset.beginning)
    return {
      get: (consumer) => Effect.map(Ref.get(offsets), (all) => offsetIn(all, consumer)),
      commit: Effect.fnUntraced(function* ({ consumer, fence, expected, offset }) {
        yield* lease
          .check(fence)
          .pipe(
            Effect.catchTag(
              "ProcessLeaseError",
              (cause) =>
                new OffsetStoreError({ description: `the fence could not be checked: ${cause.message}`, cause })
            )
          )
        const actual = yield* Ref.modify(offsets, (all) => {
          const found = offsetIn(all, consumer)
          return [found, found === expected ? HashMap.set(all, consumer, offset) : all]
        })
        if (actual !== expected) return yield* new OffsetConflict({ consumer, expected, actual })
      })
    }
  })
)
