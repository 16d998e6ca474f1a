/**
 * The conformance suite of quarantines, for every store that keeps one with its offsets: what enters, and what is passed
 * over, comes with the offset or not at all, and a key leaves only where nothing was passed over beyond what was handled.
 *
 * It is part of `OffsetStoreSuite`, and of the view stores' suite in @aecor/projection.
 *
 * @since 0.1.0
 */
import { addEqualityTesters, expect } from "@effect/vitest"
import { Effect, Either, type Layer, Option } from "effect"
import * as ConsumerId from "../ConsumerId.js"
import type { Commit } from "../OffsetStore.js"
import type { ProcessLease } from "../ProcessLease.js"
import type * as Quarantine from "../Quarantine.js"
import { EventTag } from "../Tagging.js"
import { claimed, freshName, registered } from "./internal/leases.js"
import { shared } from "./internal/sharedLayer.js"

/**
 * A store of offsets with a quarantine, as the suite sees it. What a commit is refused with has the tag `Fenced`, or the
 * tag that says that the offset or the quarantine is not as expected, which `conflict` names.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quarantining<E extends { readonly _tag: string }> {
  readonly conflict: E["_tag"]
  readonly offset: (consumer: ConsumerId.ConsumerId) => Effect.Effect<number, E>
  readonly commit: (commit: Commit) => Effect.Effect<void, E>
  readonly quarantined: (name: string) => Effect.Effect<ReadonlyArray<Quarantine.Entry>, E>
  readonly settle: (attempt: Quarantine.Attempt) => Effect.Effect<Quarantine.Outcome, E>
}

/**
 * Registers the tests under a name, on the live clock. The store must check its fences against the lease of the layer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const suite = <S, E, X extends { readonly _tag: string }>(
  name: string,
  layer: Layer.Layer<S | ProcessLease, E>,
  store: Effect.Effect<Quarantining<X>, never, S>
): void => {
  addEqualityTesters()
  const scene = Effect.gen(function* () {
    const quarantine = yield* store
    const process = yield* registered()
    const consumer = consumerOf(freshName("consumer"))
    const fence = yield* claimed(process, "one")
    const commit = (expected: number, changes: Partial<Quarantine.Changes> = {}, offset = expected + 10) =>
      quarantine.commit({
        consumer,
        fence,
        expected,
        offset,
        quarantine: { entered: [], passed: new Map(), ...changes }
      })
    const listed = quarantine.quarantined(consumer.name)
    const settle = (entry: Quarantine.Entry, reached: number, failure?: Quarantine.Failure) =>
      quarantine.settle({ entry, reached, failure: Option.fromNullable(failure) })
    return { ...quarantine, consumer, fence, listed, process, commitAt: commit, settled: settle }
  })

  shared(`quarantine, ${name}`, layer, (it) => {
    it.effect("is empty for a consumer that has set nothing aside", () =>
      Effect.gen(function* () {
        const { commitAt, listed } = yield* scene
        expect(yield* listed).toEqual([])
        yield* commitAt(0)
        expect(yield* listed).toEqual([])
      })
    )

    it.effect("lists what a consumer has set aside in all its tags, as it entered, the oldest first", () =>
      Effect.gen(function* () {
        const { commit, consumer, fence, quarantined } = yield* scene
        const beside = consumerOf(consumer.name, 1)
        const first = entryOf(consumer, "a", { since: 1_700_000_000_001, position: 7 })
        const second = entryOf(beside, 'b "\\ é', { since: 1_700_000_000_002, position: 3, cause: "a\u0000\n🎫" })
        const third = entryOf(consumer, "", { since: 1_700_000_000_003, position: 9, last: 9_007_199_254_740_991 })
        const entering = (entered: ReadonlyArray<Quarantine.Entry>) => ({ entered, passed: new Map<string, number>() })
        yield* commit({ consumer: beside, fence, expected: 0, offset: 3, quarantine: entering([second]) })
        yield* commit({ consumer, fence, expected: 0, offset: 9, quarantine: entering([third, first]) })
        const other = consumerOf(`${consumer.name}-`)
        yield* commit({ consumer: other, fence, expected: 0, offset: 1, quarantine: entering([entryOf(other, "a")]) })
        const stored = yield* quarantined(consumer.name)
        expect(stored.map((entry) => ({ ...entry, cause: "" }))).toEqual(
          [first, second, third].map((entry) => ({ ...entry, cause: "" }))
        )
        // a storage that cannot hold NUL holds something else in its place
        expect(stored[1]?.cause).toMatch(/^a.\n🎫$/)
      })
    )

    it.effect("changes with the offset, or not at all", () =>
      Effect.gen(function* () {
        const { commit, commitAt, conflict, consumer, fence, listed, offset, process } = yield* scene
        yield* commitAt(0, { entered: [entryOf(consumer, "a")] })
        const changes = { entered: [entryOf(consumer, "b")], passed: new Map([["a", 30]]) }
        expect((yield* Effect.flip(commitAt(9, changes)))._tag).toBe(conflict)
        yield* claimed(process, "one")
        const late = { consumer, fence, expected: 10, offset: 20, quarantine: changes }
        expect((yield* Effect.flip(commit(late)))._tag).toBe("Fenced")
        expect(yield* listed).toEqual([entryOf(consumer, "a")])
        expect(yield* offset(consumer)).toBe(10)
      })
    )

    it.effect("remembers the last event that was passed over, and never an earlier one", () =>
      Effect.gen(function* () {
        const { commitAt, consumer, listed } = yield* scene
        yield* commitAt(0, { entered: [entryOf(consumer, "a"), entryOf(consumer, "b", { position: 8 })] })
        yield* commitAt(10, { passed: new Map([["a", 12]]) })
        yield* commitAt(20, { passed: new Map([["a", 7]]) })
        expect((yield* listed).map(({ key, last }) => [key, last])).toEqual([
          ["a", 12],
          ["b", 5]
        ])
      })
    )

    it.effect("refuses whole a commit that passes over a key which is not in it", () =>
      Effect.gen(function* () {
        const { commitAt, conflict, consumer, listed, offset } = yield* scene
        yield* commitAt(0, { entered: [entryOf(consumer, "a")] })
        const passed = new Map([
          ["a", 12],
          ["b", 3]
        ])
        const refused = yield* Effect.flip(commitAt(10, { entered: [entryOf(consumer, "c")], passed }))
        expect(refused._tag).toBe(conflict)
        expect(yield* listed).toEqual([entryOf(consumer, "a")])
        expect(yield* offset(consumer)).toBe(10)
      })
    )

    it.effect("ends only where nothing was passed over beyond what was handled", () =>
      Effect.gen(function* () {
        const { commitAt, consumer, listed, settled } = yield* scene
        yield* commitAt(0, { entered: [entryOf(consumer, "a")] })
        const seen = entryOf(consumer, "a")
        yield* commitAt(10, { passed: new Map([["a", 12]]) })
        expect(yield* settled(seen, 11)).toBe("Behind")
        expect(yield* listed).toEqual([{ ...seen, last: 12 }])
        expect(yield* settled(seen, 12)).toBe("Ended")
        expect(yield* listed).toEqual([])
        expect(yield* settled(seen, 99)).toBe("Gone")
        yield* commitAt(20, { entered: [entryOf(consumer, "a", { sequence: 20, last: 20 })] })
        expect(yield* settled(seen, 99)).toBe("Gone")
        expect(yield* listed).toHaveLength(1)
      })
    )

    it.effect("notes a failed attempt, and the event that it came to", () =>
      Effect.gen(function* () {
        const { commitAt, consumer, listed, settled } = yield* scene
        const entry = entryOf(consumer, "a", { last: 30 })
        yield* commitAt(0, { entered: [entry] })
        const earlier = { eventType: "Earlier", sequence: 2, position: 2, cause: "another" }
        expect(yield* settled(entry, 1, earlier)).toBe("Failed")
        const second = { ...entry, cause: "another", attempts: 2 }
        expect(yield* listed).toEqual([second])
        expect(yield* settled(entry, 30)).toBe("Gone")
        const later = { eventType: "Later", sequence: 9, position: 29, cause: "further on" }
        expect(yield* settled(second, 8, later)).toBe("Failed")
        expect(yield* listed).toEqual([{ ...entry, ...later, attempts: 3 }])
      })
    )

    it.effect("lets one of many attempts count", () =>
      Effect.gen(function* () {
        const { commitAt, consumer, settled } = yield* scene
        yield* commitAt(0, { entered: [entryOf(consumer, "a")] })
        const outcomes = yield* Effect.all(
          Array.from({ length: 8 }, () => settled(entryOf(consumer, "a"), 5)),
          { concurrency: "unbounded" }
        )
        expect(outcomes.toSorted()).toEqual(["Ended", ...Array.from({ length: 7 }, () => "Gone")])
      })
    )

    it.effect("never ends beneath a commit that passes over more", () =>
      Effect.gen(function* () {
        const { commitAt, conflict, consumer, listed, settled } = yield* scene
        let at = 0
        for (let round = 1; round <= 20; round++) {
          const entry = entryOf(consumer, `${round}`)
          yield* commitAt(at, { entered: [entry] })
          at += 10
          const turns = Effect.forEach(Array.from({ length: round }), () => Effect.yieldNow(), { discard: true })
          const [passing, outcome] = yield* Effect.all(
            [
              Effect.either(commitAt(at, { passed: new Map([[`${round}`, 6]]) })),
              Effect.zipRight(turns, settled(entry, 5))
            ],
            { concurrency: "unbounded" }
          )
          if (Either.isLeft(passing)) expect([passing.left._tag, outcome]).toEqual([conflict, "Ended"])
          else {
            at += 10
            expect(outcome).toBe("Behind")
          }
          const left = (yield* listed).filter(({ key }) => key === `${round}`)
          expect(left).toEqual(outcome === "Ended" ? [] : [{ ...entry, last: 6 }])
        }
      })
    )
  })
}

const consumerOf = (name: string, partition = 0): ConsumerId.ConsumerId =>
  ConsumerId.make(name, new EventTag({ name: "tag", partition }))

const entryOf = (
  consumer: ConsumerId.ConsumerId,
  key: string,
  changes: Partial<Quarantine.Entry> = {}
): Quarantine.Entry => ({
  consumer,
  key,
  eventType: "Broken",
  sequence: 5,
  position: 7,
  cause: "it is broken",
  since: 1_700_000_000_000,
  attempts: 1,
  last: 5,
  ...changes
})
