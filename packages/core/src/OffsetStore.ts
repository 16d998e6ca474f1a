/**
 * Where consumers keep how far they have read. Used by consumers whose effects lie elsewhere; a view keeps its offset
 * with its rows, in the same transaction.
 *
 * @since 0.1.0
 */
import { Clock, Context, Data, Effect, HashMap, Layer, Option, Ref } from "effect"
import type { ConsumerId } from "./ConsumerId.js"
import * as Offset from "./Offset.js"
import type { Fence, Fenced } from "./ProcessContext.js"
import { ProcessLease } from "./ProcessLease.js"
import * as Quarantine from "./Quarantine.js"

/**
 * The stored offset is not the one that the consumer read: another run has moved it. Nothing was written. Where it is
 * (`actual` equals `expected`), a key that the commit passes over is no longer in the quarantine: somebody has ended it.
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
    const { actual, consumer, expected } = this
    return actual === expected
      ? `${consumer.toString()}: a key that was passed over at offset ${expected} is no longer in the quarantine`
      : `${consumer.toString()}: expected offset ${expected}, found ${actual}`
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
 * One step of a consumer: from the offset it read to the offset it has handled, under its process's fence; and which
 * keys' events it has set aside on the way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Commit {
  readonly consumer: ConsumerId
  readonly fence: Fence
  readonly expected: Offset.Offset
  readonly offset: Offset.Offset
  readonly quarantine?: Quarantine.Changes
}

/**
 * The offsets of consumers, and their quarantines.
 *
 * - `get` answers 0 for one that has never committed.
 * - `advancedAt` says when a consumer's offset was last committed, in milliseconds since the epoch.
 * - `commit` stores the offset where the fence is the newest, the stored offset is the expected one and every key passed
 *   over is in the quarantine; and what changes in the quarantine with it.
 * - `quarantined` gives the keys that a consumer of a name has set aside, of all its tags, the oldest first.
 * - `settle` stores what came of trying one again. It needs no fence: any node may try.
 *
 * @since 0.1.0
 * @category services
 */
export class OffsetStore extends Context.Tag("@aecor/core/OffsetStore")<
  OffsetStore,
  {
    readonly get: (consumer: ConsumerId) => Effect.Effect<Offset.Offset, OffsetStoreError>
    readonly advancedAt: (consumer: ConsumerId) => Effect.Effect<Option.Option<number>, OffsetStoreError>
    readonly commit: (commit: Commit) => Effect.Effect<void, Fenced | OffsetConflict | OffsetStoreError>
    readonly quarantined: (name: string) => Effect.Effect<ReadonlyArray<Quarantine.Entry>, OffsetStoreError>
    readonly settle: (attempt: Quarantine.Attempt) => Effect.Effect<Quarantine.Outcome, OffsetStoreError>
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
    const times = yield* Ref.make(HashMap.empty<ConsumerId, number>())
    const quarantine = Quarantine.memory()
    const offsetIn = (all: HashMap.HashMap<ConsumerId, Offset.Offset>, consumer: ConsumerId) =>
      Option.getOrElse(HashMap.get(all, consumer), () => Offset.beginning)
    return {
      get: (consumer) => Effect.map(Ref.get(offsets), (all) => offsetIn(all, consumer)),
      advancedAt: (consumer) => Effect.map(Ref.get(times), HashMap.get(consumer)),
      quarantined: (name) => Effect.sync(() => quarantine.entries(name)),
      settle: (attempt) => Effect.sync(() => quarantine.settle(attempt)),
      commit: Effect.fnUntraced(function* ({ consumer, fence, expected, offset, quarantine: changes }) {
        yield* lease
          .check(fence)
          .pipe(
            Effect.catchTag(
              "ProcessLeaseError",
              (cause) =>
                new OffsetStoreError({ description: `the fence could not be checked: ${cause.message}`, cause })
            )
          )
        const { actual, stored } = yield* Ref.modify(offsets, (all) => {
          const found = offsetIn(all, consumer)
          const fits = found === expected && (changes === undefined || quarantine.commit(consumer, changes))
          return [{ actual: found, stored: fits }, fits ? HashMap.set(all, consumer, offset) : all]
        })
        if (!stored) return yield* new OffsetConflict({ consumer, expected, actual })
        yield* Ref.update(times, HashMap.set(consumer, yield* Clock.currentTimeMillis))
      })
    }
  })
)
