/**
 * What every offset store promises, as tests: offsets move from where they were read, under the newest fence only.
 *
 * @example
 * ```ts
 * OffsetStoreSuite.suite("PgOffsetStore", PgOffsetStore.layer.pipe(Layer.provideMerge(PgProcessLease.layer), …))
 * ```
 *
 * The tests run on the live clock, with consumers and deployments that nobody else uses.
 *
 * @since 0.1.0
 */
import { addEqualityTesters, expect } from "@effect/vitest"
import { Effect, Either, type Layer, Option } from "effect"
import * as ConsumerId from "../ConsumerId.js"
import type { Offset } from "../Offset.js"
import { OffsetConflict, OffsetStore } from "../OffsetStore.js"
import { type Fence, Fenced } from "../ProcessContext.js"
import { ProcessLease } from "../ProcessLease.js"
import { EventTag } from "../Tagging.js"
import { claimed, freshName, registered } from "./internal/leases.js"
import { shared } from "./internal/sharedLayer.js"
import * as QuarantineSuite from "./QuarantineSuite.js"

/**
 * Registers the tests. The store must check its fences against the lease of the layer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <E>(name: string, store: Layer.Layer<OffsetStore | ProcessLease, E>): void => {
  addEqualityTesters()
  shared(name, store, (it) => {
    it.effect("answers 0 for a consumer that has never committed", () =>
      Effect.gen(function* () {
        expect(yield* get(freshConsumer())).toBe(0)
      })
    )

    it.effect("goes from offset to offset under the newest fence", () =>
      Effect.gen(function* () {
        const consumer = freshConsumer()
        const fence = yield* newFence
        const far = 2 ** 40
        for (const [expected, offset] of [
          [0, 3],
          [3, 4],
          [4, far],
          [far, far]
        ] as const) {
          yield* commit(consumer, fence, expected, offset)
          expect(yield* get(consumer)).toBe(offset)
        }
      })
    )

    it.effect("tells when an offset was last committed", () =>
      Effect.gen(function* () {
        const consumer = freshConsumer()
        const fence = yield* newFence
        const { advancedAt } = yield* OffsetStore
        expect(yield* advancedAt(consumer)).toEqual(Option.none())
        yield* commit(consumer, fence, 0, 3)
        const first = Option.getOrThrow(yield* advancedAt(consumer))
        yield* commit(consumer, fence, 3, 4)
        expect(Option.getOrThrow(yield* advancedAt(consumer))).toBeGreaterThanOrEqual(first)
        expect(first).toBeGreaterThan(Date.UTC(2020, 0))
      })
    )

    it.effect("refuses the fence of an older epoch, and stores nothing", () =>
      Effect.gen(function* () {
        const consumer = freshConsumer()
        const process = yield* registered()
        const older = yield* claimed(process, "one")
        yield* commit(consumer, older, 0, 5)
        const newer = yield* claimed(process, "one")
        const error = yield* Effect.flip(commit(consumer, older, 5, 6))
        expect(error).toBeInstanceOf(Fenced)
        expect(error).toMatchObject({ deployment: process.deployment, index: 0, epoch: older.epoch })
        expect(yield* get(consumer)).toBe(5)
        yield* commit(consumer, newer, 5, 7)
        expect(yield* get(consumer)).toBe(7)
      })
    )

    it.effect("refuses a fence that was revoked, and one that nobody handed out", () =>
      Effect.gen(function* () {
        const consumer = freshConsumer()
        const fence = yield* newFence
        const forged = { ...fence, token: "forged" }
        expect(yield* Effect.flip(commit(consumer, forged, 0, 1))).toBeInstanceOf(Fenced)
        expect(yield* Effect.flip(commit(consumer, { ...fence, epoch: fence.epoch + 1 }, 0, 1))).toBeInstanceOf(Fenced)
        expect(yield* Effect.flip(commit(consumer, { ...fence, index: 1 }, 0, 1))).toBeInstanceOf(Fenced)
        expect(yield* Effect.flip(commit(consumer, { ...fence, deployment: freshName() }, 0, 1))).toBeInstanceOf(Fenced)
        yield* (yield* ProcessLease).revoke(fence.deployment, fence.index)
        expect(yield* Effect.flip(commit(consumer, fence, 0, 1))).toBeInstanceOf(Fenced)
        expect(yield* get(consumer)).toBe(0)
      })
    )

    it.effect("refuses a commit from another offset than the stored one, and tells it", () =>
      Effect.gen(function* () {
        const consumer = freshConsumer()
        const fence = yield* newFence
        expect(yield* Effect.flip(commit(consumer, fence, 1, 2))).toMatchObject({ expected: 1, actual: 0 })
        yield* commit(consumer, fence, 0, 5)
        for (const expected of [0, 4, 6]) {
          const error = yield* Effect.flip(commit(consumer, fence, expected, 9))
          expect(error).toBeInstanceOf(OffsetConflict)
          expect(error).toMatchObject({ consumer, expected, actual: 5 })
        }
        expect(yield* get(consumer)).toBe(5)
      })
    )

    it.effect("keeps consumers apart by name, tag and partition, whatever characters they hold", () =>
      Effect.gen(function* () {
        const fence = yield* newFence
        const unique = freshName("c")
        const consumers = [
          consumerOf(`${unique}-b`, "c"),
          consumerOf(unique, "b-c"),
          consumerOf(unique, "b-c", 1),
          consumerOf(unique, "b-c", 11),
          consumerOf(`${unique}/b`, "c"),
          consumerOf(unique, "b/c"),
          consumerOf(unique, "B-c"),
          consumerOf(`${unique}'s "consumer"`, 'tag\'s "ü" %_\\'),
          consumerOf(`${unique} `, "b-c")
        ]
        yield* Effect.forEach(consumers, (consumer, index) => commit(consumer, fence, 0, index + 1))
        for (const [index, consumer] of consumers.entries()) expect(yield* get(consumer)).toBe(index + 1)
      })
    )

    it.effect("lets one of many commits win that start from the same offset", () =>
      Effect.gen(function* () {
        const consumer = freshConsumer()
        const fence = yield* newFence
        const outcomes = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, i) => i + 1),
          (offset) => Effect.either(Effect.as(commit(consumer, fence, 0, offset), offset)),
          { concurrency: "unbounded" }
        )
        const won = outcomes.filter(Either.isRight)
        expect(won).toHaveLength(1)
        expect(yield* get(consumer)).toBe(won[0]?.right)
        for (const lost of outcomes.filter(Either.isLeft)) expect(lost.left).toBeInstanceOf(OffsetConflict)
      })
    )
  })
  QuarantineSuite.suite(name, store, quarantining)
}

const quarantining = Effect.map(OffsetStore, ({ get, ...store }) => ({
  conflict: "OffsetConflict" as const,
  offset: get,
  ...store
}))

const consumerOf = (name: string, tag: string, partition = 0): ConsumerId.ConsumerId =>
  ConsumerId.make(name, new EventTag({ name: tag, partition }))

const freshConsumer = (): ConsumerId.ConsumerId => consumerOf(freshName("consumer"), "tag")

const newFence = Effect.flatMap(registered(2), (process) => claimed(process, "one"))

// by a consumer made anew: what is equal to it is it
const get = ({ name, tag }: ConsumerId.ConsumerId) =>
  Effect.flatMap(OffsetStore, (store) => store.get(consumerOf(name, tag.name, tag.partition)))

const commit = (consumer: ConsumerId.ConsumerId, fence: Fence, expected: Offset, offset: Offset) =>
  Effect.flatMap(OffsetStore, (store) => store.commit({ consumer, fence, expected, offset }))
