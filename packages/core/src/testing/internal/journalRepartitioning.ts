/** The part of `JournalSuite` about journals that get another number of partitions. */
import { expect } from "@effect/vitest"
import { Chunk, Effect, Either, Fiber, type Layer, Schema, Stream } from "effect"
import * as Journal from "../../Journal.js"
import type { Offset } from "../../Offset.js"
import * as Tagging from "../../Tagging.js"
import type { OwnTest } from "./ownLayer.js"
import { freshKey, placeOf } from "./suiteJournal.js"

class Counted extends Schema.TaggedClass<Counted>()("Counted", { n: Schema.Int }) {}
const name = `suite's "p\u00e4rts"`
const marked = (event: Counted) => (event.n < 0 ? [Tagging.tag("marked")] : [])

/** One journal as code of three releases has it, with four partitions, seven and three. */
export class FourJournal extends Journal.Tag<FourJournal>()("FourJournal", {
  event: Counted,
  tagging: Tagging.withTags(Tagging.partitioned(name, 4), marked)
}) {}
export class SevenJournal extends Journal.Tag<SevenJournal>()("SevenJournal", {
  event: Counted,
  tagging: Tagging.withTags(Tagging.partitioned(name, 7), marked)
}) {}
export class ThreeJournal extends Journal.Tag<ThreeJournal>()("ThreeJournal", {
  event: Counted,
  tagging: Tagging.withTags(Tagging.partitioned(name, 3), marked)
}) {}

export type Releases = FourJournal | SevenJournal | ThreeJournal

export const repartitioning = <E>(it: OwnTest, journals: Layer.Layer<Releases, E>): void => {
  it(
    "has the partitions of the first release that writes, and tells what others ask for in vain",
    Effect.gen(function* () {
      const { four, keys, seven } = yield* releases
      expect(yield* current(seven.journal, seven.tags[6], 0)).toEqual([])
      expect(yield* four.journal.partitioning).toEqual({ partitions: 0, since: 0, before: [] })
      yield* written(four.journal, keys, 0)
      const tag = Tagging.tag(name, 6)
      const error = yield* Effect.flip(Stream.runHead(seven.journal.currentEventsByTag(tag, 0)))
      expect(error).toMatchObject({ _tag: "JournalError", reason: "OtherPartitions" })
      expect(error.message).toMatch(/4 .*7/)
      expect(yield* Effect.flip(seven.journal.head(tag))).toMatchObject({ reason: "OtherPartitions" })
      const live = Stream.runHead(seven.journal.eventsByTag(tag, 0))
      expect(yield* Effect.flip(live)).toMatchObject({ reason: "OtherPartitions" })
      // and places what they write where the readers of today find it
      yield* written(seven.journal, keys, 1)
      expect(yield* sortedOf(four)).toEqual(
        keys
          .flatMap((key) => [
            [key, 1],
            [key, 2]
          ])
          .toSorted()
      )
      expect(yield* four.journal.repartition()).toEqual({ partitions: 4, since: 0, before: [] })
    }),
    journals
  )

  it(
    "gets other partitions from its end on: the old ones end there, the new ones have all events of their keys",
    Effect.gen(function* () {
      const { four, keys, seven } = yield* releases
      yield* written(four.journal, keys, 0)
      const end = Math.max(...(yield* Effect.forEach(four.tags, (tag) => four.journal.head(tag))))
      const raised = yield* seven.journal.repartition()
      expect(raised).toMatchObject({ partitions: 7, since: end })
      const old = yield* Effect.forEach(four.tags, (tag) => current(four.journal, tag, 0))
      expect(raised.before).toEqual(old.map((events) => events.at(-1)?.position ?? 0))
      // by writers of both releases
      yield* written(four.journal, keys, 1)
      yield* written(seven.journal, keys, 2)
      expect(yield* Effect.forEach(four.tags, (tag) => current(four.journal, tag, 0))).toEqual(old)
      for (const tag of seven.tags) {
        const events = yield* current(seven.journal, tag, 0)
        const its = keys.filter((key) => Tagging.isSame(seven.tagOf(key), tag))
        expect(events.map(({ key, sequence }) => [key, sequence]).toSorted()).toEqual(
          its.flatMap((key) => [1, 2, 3].map((sequence) => [key, sequence])).toSorted()
        )
        expect(events.map(({ position }) => position)).toEqual(
          events.map(({ position }) => position).toSorted((a, b) => a - b)
        )
        const later = yield* current(seven.journal, tag, raised.since)
        expect(later).toEqual(events.filter(({ sequence }) => sequence > 1))
        const offset = events[1]?.position ?? 0
        expect(yield* current(seven.journal, tag, offset)).toEqual(events.filter((_) => _.position > offset))
      }
      expect(yield* seven.journal.repartition()).toEqual(raised)
      expect(yield* seven.journal.partitioning).toEqual(raised)
      expect(yield* four.journal.partitioning).toEqual(raised)
    }),
    journals
  )

  it(
    "has the head of a new partition where that began, until something comes",
    Effect.gen(function* () {
      const { four, keys, seven } = yield* releases
      yield* written(four.journal, keys, 0)
      const { since } = yield* seven.journal.repartition()
      for (const tag of seven.tags) expect(yield* seven.journal.head(tag)).toBe(since)
      yield* written(four.journal, keys.slice(0, 1), 1)
      const heads = yield* Effect.forEach(seven.tags, (tag) => seven.journal.head(tag))
      expect(heads.filter((head) => head > since)).toHaveLength(1)
    }),
    journals
  )

  it(
    "gives live readers of the new partitions what was and what comes, and those of the old nothing more",
    Effect.gen(function* () {
      const { four, keys, seven } = yield* releases
      yield* written(four.journal, keys, 0)
      const tag = four.tagOf(keys[0] ?? "")
      const before = (yield* current(four.journal, tag, 0)).length
      const seen: Array<number> = []
      const old = Stream.runForEach(four.journal.eventsByTag(tag, 0), ({ event }) =>
        Effect.sync(() => void seen.push(event.n))
      )
      const running = yield* Effect.forkScoped(old)
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => seen.length === before })
      yield* seven.journal.repartition()
      const begun = yield* Effect.forkScoped(Stream.runCollect(Stream.take(seven.journal.eventsByTag(tag, 0), 1)))
      const readers = yield* Effect.forkScoped(
        Effect.forEach(
          seven.tags,
          (one) => {
            const count = 2 * keys.filter((key) => Tagging.isSame(seven.tagOf(key), one)).length
            return Stream.runCollect(Stream.take(seven.journal.eventsByTag(one, 0), count))
          },
          { concurrency: "unbounded" }
        )
      )
      yield* written(four.journal, keys, 1)
      const all = (yield* Fiber.join(readers)).flatMap((chunk) => Chunk.toReadonlyArray(chunk).map(placeOf))
      expect(all).toHaveLength(2 * keys.length)
      expect(seen).toHaveLength(before)
      expect(seen.every((n) => n === 0)).toBe(true)
      yield* Fiber.interrupt(running)
      yield* Fiber.interrupt(begun)
      // who begins with an old one now gets what there was, and waits
      const late = yield* Stream.runCollect(
        Stream.interruptAfter(Stream.take(four.journal.eventsByTag(tag, 0), before + 1), "1 second")
      )
      expect(Chunk.size(late)).toBe(before)
    }),
    journals
  )

  it(
    "can be repartitioned again and again, also to what it had: nobody misses an event, and nobody sees one twice",
    Effect.gen(function* () {
      const { four, keys, seven, three } = yield* releases
      for (const [round, release] of [four, seven, three, four, three].entries()) {
        yield* release.journal.repartition()
        for (const writer of [four, seven, three]) {
          yield* written(writer.journal, keys.slice(round), round * 3 + [four, seven, three].indexOf(writer))
        }
      }
      const expected = yield* Effect.forEach(keys, (key) =>
        Effect.map(Stream.runCollect(three.journal.read(key, 1)), (events) =>
          Chunk.toReadonlyArray(events).map(({ sequence }) => [key, sequence] as const)
        )
      )
      expect(yield* sortedOf(three)).toEqual(expected.flat().toSorted())
      const { before, partitions, since } = yield* three.journal.repartition()
      expect([before.length, partitions]).toEqual([4, 3])
      for (const [i, last] of before.entries()) {
        const tag = four.tags[i]
        const events = tag === undefined ? [] : yield* current(four.journal, tag, 0)
        expect(last).toBe(events.at(-1)?.position ?? 0)
        expect(last).toBeLessThanOrEqual(since)
      }
    }),
    journals
  )

  it(
    "keeps the order of a key, and every event of it, while writers of two releases and the change come at once",
    Effect.gen(function* () {
      const { four, keys, seven } = yield* releases
      const writers = keys.map((key, i) =>
        Effect.forEach(
          Array.from({ length: 20 }, (_, n) => n),
          (n) => ((i + n) % 2 === 0 ? four : seven).journal.append(key, n, [new Counted({ n })])
        )
      )
      yield* written(four.journal, ["first"], 0)
      const writing = yield* Effect.fork(Effect.all(writers, { concurrency: "unbounded" }))
      const { since } = yield* seven.journal.repartition()
      yield* Fiber.join(writing)
      for (const tag of four.tags) {
        for (const { position } of yield* current(four.journal, tag, 0)) expect(position).toBeLessThanOrEqual(since)
      }
      const found = yield* sortedOf(seven)
      expect(found).toHaveLength(keys.length * 20 + 1)
      for (const tag of seven.tags) {
        const last = new Map<string, number>()
        for (const { key, sequence } of yield* current(seven.journal, tag, 0)) {
          expect(sequence).toBe((last.get(key) ?? 0) + 1)
          last.set(key, sequence)
        }
      }
    }),
    journals
  )

  it(
    "leaves the tags beside the partitions as they are, and has no partitions beyond the last",
    Effect.gen(function* () {
      const { four, keys, seven } = yield* releases
      yield* four.journal.append("marked", 0, [new Counted({ n: -1 })])
      yield* seven.journal.repartition()
      yield* four.journal.append("marked", 1, [new Counted({ n: -2 })])
      yield* written(seven.journal, keys, 0)
      for (const { journal } of [four, seven]) {
        expect((yield* current(journal, Tagging.tag("marked"), 0)).map(({ event }) => event.n)).toEqual([-1, -2])
      }
      for (const { journal } of [four, seven]) {
        for (const beyond of [7, 8, 11]) expect(yield* current(journal, Tagging.tag(name, beyond), 0)).toEqual([])
      }
    }),
    journals
  )
}

interface Release {
  readonly journal: Journal.Journal<Counted>
  readonly tags: ReadonlyArray<Tagging.EventTag>
  readonly tagOf: (key: string) => Tagging.EventTag
}

const releases = Effect.gen(function* () {
  const keys = Array.from({ length: 30 }, () => freshKey())
  const four: Release = { ...FourJournal.tagging, journal: yield* FourJournal }
  const seven: Release = { ...SevenJournal.tagging, journal: yield* SevenJournal }
  const three: Release = { ...ThreeJournal.tagging, journal: yield* ThreeJournal }
  return { keys, four, seven, three }
})

/** One event for each of the keys, after what is known to be there. */
const written = (journal: Journal.Journal<Counted>, keys: ReadonlyArray<string>, n: number) =>
  Effect.forEach(
    keys,
    (key) =>
      Effect.flatMap(Stream.runCount(journal.read(key, 1)), (head) => journal.append(key, head, [new Counted({ n })])),
    { concurrency: 10, discard: true }
  )

const current = (journal: Journal.Journal<Counted>, tag: Tagging.EventTag | undefined, after: Offset) =>
  Effect.flatMap(
    Either.fromNullable(tag, () => "no such tag" as const),
    (known) => Effect.map(Stream.runCollect(journal.currentEventsByTag(known, after)), (_) => [..._])
  )

/** Keys and sequences of all that is found by the tags of a release. */
const sortedOf = ({ journal, tags }: Release) =>
  Effect.map(
    Effect.forEach(tags, (tag) => current(journal, tag, 0)),
    (found) =>
      found
        .flat()
        .map(({ key, sequence }) => [key, sequence] as const)
        .toSorted()
  )
