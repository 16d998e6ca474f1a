// The tail of a journal, on a journal that answers from memory and counts what it is asked.
import { JournalError, Tagging } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Queue, Ref, Scope, Stream, TestClock } from "effect"
import { Undecodable } from "../src/internal/eventCodec.js"
import { eventOf, type TaggedRow } from "../src/internal/journalRow.js"
import * as JournalTail from "../src/internal/journalTail.js"

it.scoped("twenty readers that wait cost one statement a poll; growth that nobody told of wakes them", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const seen = yield* Effect.forEach(tags, (tag) => at.follow(tag, 0))
    yield* settled
    yield* at.asked
    yield* TestClock.adjust("60 seconds")
    expect(yield* at.asked).toEqual({ head: 60, between: 0, page: 0 })
    at.store(7)
    yield* TestClock.adjust("1 second")
    expect(yield* at.asked).toEqual({ head: 1, between: 1, page: 0 })
    expect(yield* Queue.takeAll(seen[7] ?? (yield* Queue.unbounded<number>()))).toMatchObject({ length: 1 })
    expect(yield* Effect.forEach(seen, Queue.size)).toEqual(tags.map(() => 0))
  })
)

it.scoped("a notification is read once for all: each reader gets the events of its tag, in order", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const seen = yield* Effect.forEach(tags, (tag) => at.follow(tag, 0))
    yield* settled
    yield* at.asked
    for (let i = 0; i < 60; i++) at.store(i % 20)
    at.told(60)
    yield* settled
    // 60 events by pages of 10
    expect(yield* at.asked).toEqual({ head: 0, between: 6, page: 0 })
    const positions = yield* Effect.forEach(seen, Queue.takeAll)
    expect(positions.map((_) => [..._])).toEqual(tags.map((_, i) => [i + 1, i + 21, i + 41]))
  })
)

it.scoped("what nobody reads is not asked for", () =>
  Effect.gen(function* () {
    const at = yield* scene
    yield* Effect.asVoid(at.follow(tagOf(3), 0))
    yield* Effect.asVoid(at.follow(tagOf(5), 0))
    yield* settled
    at.store(4)
    at.told(1)
    yield* settled
    expect(at.tagsAsked()).toEqual([3, 5])
  })
)

it.scoped("a reader from far behind reads for itself up to the tail, and joins it: nothing twice, nothing missed", () =>
  Effect.gen(function* () {
    const at = yield* scene
    yield* Effect.asVoid(at.follow(tagOf(0), 0))
    for (let i = 0; i < 90; i++) at.store(i % 3)
    yield* settled
    yield* at.asked
    const late = yield* at.follow(tagOf(1), 0)
    yield* settled
    // 30 events by pages of 10, and one that shows the end
    expect(yield* at.asked).toEqual({ head: 0, between: 0, page: 4 })
    for (let i = 0; i < 6; i++) at.store(i % 3)
    at.told(96)
    yield* settled
    expect(yield* at.asked).toEqual({ head: 0, between: 1, page: 0 })
    expect([...(yield* Queue.takeAll(late))]).toEqual(at.positionsOf(1))
  })
)

it.scoped(
  "a reader that is a little late finds what it missed with the tail; one that is too late reads for itself",
  () =>
    Effect.gen(function* () {
      const at = yield* scene
      yield* Effect.asVoid(at.follow(tagOf(0), 0))
      const gate = yield* Deferred.make<void>()
      const late = yield* at.follow(tagOf(1), 0, Deferred.await(gate))
      yield* settled
      yield* at.asked
      for (let round = 1; round <= 5; round++) {
        for (let i = 0; i < 10; i++) at.store(1)
        at.told(round * 10)
        yield* settled
      }
      yield* Deferred.succeed(gate, undefined)
      yield* settled
      expect((yield* at.asked).page).toBe(0)
      expect([...(yield* Queue.takeAll(late))]).toEqual(at.positionsOf(1))
    })
)

it.scoped("an event that does not decode stops its own readers only, after what came before it", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const fine = yield* at.follow(tagOf(0), 0)
    const failing = yield* Effect.forkScoped(at.collect(tagOf(1), 0))
    yield* settled
    at.store(1)
    at.store(1, "broken")
    at.store(0)
    at.store(1)
    at.told(4)
    yield* settled
    const { error, seen } = yield* Fiber.join(failing)
    expect(seen).toEqual([1])
    expect(error).toMatchObject({ reason: "Undecodable" })
    expect([...(yield* Queue.takeAll(fine))]).toEqual([3])
    expect(yield* at.collect(tagOf(1), 1)).toMatchObject({ seen: [], error: { reason: "Undecodable" } })
  })
)

it.scoped("a past that has changed ends every reader with an error, and those that come then read it as it is", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const readers = yield* Effect.forEach([0, 1], (partition) => Effect.forkScoped(at.collect(tagOf(partition), 0)))
    yield* settled
    for (let i = 0; i < 6; i++) at.store(i % 2)
    at.told(6)
    yield* settled
    // a backup of a time when there were four events, and three more since
    at.restore(4)
    for (let i = 0; i < 3; i++) at.store(0)
    at.told(7)
    yield* settled
    for (const reader of readers) {
      expect((yield* Fiber.join(reader)).error).toMatchObject({ reason: "PastChanged" })
    }
    const again = yield* at.follow(tagOf(0), 3)
    yield* settled
    expect([...(yield* Queue.takeAll(again))]).toEqual([5, 6, 7])
  })
)

it.scoped("a past that has only become shorter is noticed by the next poll", () =>
  Effect.gen(function* () {
    const at = yield* scene
    at.store(0)
    at.store(0)
    const reader = yield* Effect.forkScoped(at.collect(tagOf(0), 0))
    yield* settled
    at.restore(1)
    yield* TestClock.adjust("1 second")
    expect((yield* Fiber.join(reader)).error).toMatchObject({ reason: "PastChanged" })
  })
)

it.scoped("a storage that does not answer ends those who wait; later readers find the tail again", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const reader = yield* Effect.forkScoped(at.collect(tagOf(0), 0))
    yield* settled
    at.fail(true)
    at.told(1)
    yield* settled
    expect((yield* Fiber.join(reader)).error).toMatchObject({ reason: "Unavailable" })
    at.fail(false)
    at.store(0)
    const seen = yield* at.follow(tagOf(0), 0)
    yield* settled
    expect(yield* Queue.take(seen)).toBe(1)
  })
)

it.scoped("the tail rests when its last reader has gone, and its end ends those who wait", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const at = yield* Scope.extend(scene, scope)
    const reader = yield* Effect.fork(at.collect(tagOf(0), 0))
    yield* settled
    yield* Fiber.interrupt(reader)
    yield* TestClock.adjust("1 second")
    yield* at.asked
    yield* TestClock.adjust("60 seconds")
    expect(yield* at.asked).toEqual({ head: 0, between: 0, page: 0 })
    const last = yield* Effect.fork(at.collect(tagOf(0), 0))
    yield* settled
    yield* Scope.close(scope, Exit.void)
    expect((yield* Fiber.join(last)).error).toMatchObject({ reason: "Unavailable" })
  })
)

const { tags } = Tagging.partitioned("T", 20)
const tagOf = (partition: number) => Tagging.tag("T", partition)
const settled = Effect.repeatN(Effect.yieldNow(), 500)

const pageSize = 10

const scene = Effect.gen(function* () {
  let rows: Array<TaggedRow> = []
  let ids = 0
  let counts = { head: 0, between: 0, page: 0 }
  let failing = false
  let asked: JournalTail.Tags = []

  const store = (partition: number, payload = "{}") =>
    rows.push([
      String(rows.length + 1),
      "k",
      "1",
      `id-${++ids}`,
      "E",
      "1",
      payload,
      "{}",
      "0",
      "T",
      String(partition),
      null
    ])
  const answer = <A>(what: keyof typeof counts, value: () => A) =>
    Effect.suspend(() => {
      counts[what] += 1
      return failing ? Effect.fail(error("Unavailable")) : Effect.succeed(value())
    })
  const decode = (found: ReadonlyArray<TaggedRow>) =>
    found.map((row) =>
      row[6] === "broken" ? new Undecodable(Number(row[0]), error("Undecodable")) : eventOf(row, row[6])
    )
  const isOf = (tag: Tagging.EventTag) => (row: TaggedRow) => row[9] === tag.name && Number(row[10]) === tag.partition

  const tail = yield* JournalTail.make<string>({
    journal: "Counting",
    pageSize,
    pollInterval: "1 second",
    head: (anchor) =>
      answer("head", () => ({
        head: rows.length,
        id: rows.at(-1)?.[3] ?? null,
        anchor: rows[anchor - 1]?.[3] ?? null
      })),
    between: (from, to, wanted, limit) =>
      answer("between", () => {
        asked = wanted
        return rows
          .filter((row) => {
            const position = Number(row[0])
            const ends = position === from || position === to
            return position >= from && position <= to && (ends || wanted.some((tag) => isOf(tag)(row)))
          })
          .slice(0, limit)
      }),
    decode: (found) => Effect.succeed(decode(found)),
    page: (tag, after, to) =>
      answer("page", () =>
        decode(
          rows.filter((row) => isOf(tag)(row) && Number(row[0]) > after && Number(row[0]) <= to).slice(0, pageSize)
        )
      )
  })
  const events = (tag: Tagging.EventTag, after: number) =>
    Stream.unwrapScoped(
      Effect.map(tail.join(tag), (next) =>
        Stream.unfoldChunkEffect(after, (from) => Effect.map(next(from), Option.some))
      )
    )

  return {
    store,
    restore: (length: number) => {
      rows = rows.slice(0, length)
    },
    fail: (_: boolean) => {
      failing = _
    },
    told: tail.told,
    tagsAsked: () => asked.map(({ partition }) => partition),
    positionsOf: (partition: number) => rows.filter(isOf(tagOf(partition))).map((row) => Number(row[0])),
    /** The positions that a live reader sees, each after a wait of its own. */
    follow: (tag: Tagging.EventTag, after: number, wait: Effect.Effect<void> = Effect.void) =>
      Effect.gen(function* () {
        const seen = yield* Queue.unbounded<number>()
        yield* Effect.forkScoped(
          Stream.runForEach(events(tag, after), ({ position }) => Effect.zipRight(wait, Queue.offer(seen, position)))
        )
        return seen
      }),
    /** What a live reader sees until it fails. */
    collect: (tag: Tagging.EventTag, after: number) =>
      Effect.gen(function* () {
        const seen = yield* Ref.make<ReadonlyArray<number>>([])
        const failure = yield* Effect.flip(
          Stream.runForEach(events(tag, after), ({ position }) => Ref.update(seen, (all) => [...all, position]))
        )
        return { seen: yield* Ref.get(seen), error: failure }
      }),
    /** How many statements were run since the last time that it was asked. */
    asked: Effect.sync(() => {
      const since = counts
      counts = { head: 0, between: 0, page: 0 }
      return since
    })
  }
})

const error = (reason: JournalError.JournalError["reason"]) =>
  new JournalError.JournalError({ journal: "Counting", reason, description: reason })
