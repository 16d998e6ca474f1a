// The tail of a journal, on a journal that answers from memory and counts what it is asked.
import { expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Queue, Scope, Stream, TestClock } from "effect"
import { pollInterval, scene, settled, tagOf, tags } from "./fixtures/tail.js"

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

it.scoped("what is told while the end is looked for is not forgotten: no poll is needed", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const lookedAt = yield* at.hold("head")
    const seen = yield* at.follow(tagOf(0), 0)
    yield* settled
    at.store(0)
    at.told(1)
    yield* lookedAt
    expect([...(yield* Queue.takeAll(seen))]).toEqual([1])
    // the same for a listener that may have missed something
    yield* at.asked
    const lookedAgain = yield* at.hold("head")
    yield* TestClock.adjust(pollInterval)
    at.store(0)
    at.told(undefined)
    yield* lookedAgain
    expect([...(yield* Queue.takeAll(seen))]).toEqual([2])
  })
)

it.scoped("a tag that is joined while a page is on its way misses nothing of that page", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const first = yield* at.follow(tagOf(0), 0)
    yield* settled
    const arrive = yield* at.hold("between")
    for (let i = 0; i < 6; i++) at.store(i % 2)
    at.told(6)
    yield* settled
    const joined = yield* at.follow(tagOf(1), 0)
    yield* settled
    at.store(1)
    yield* arrive
    at.told(7)
    yield* settled
    expect([...(yield* Queue.takeAll(first))]).toEqual([1, 3, 5])
    expect([...(yield* Queue.takeAll(joined))]).toEqual([2, 4, 6, 7])
  })
)

it.scoped("a page that comes when its last reader has gone moves nobody: the tail begins anew with the next one", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const reader = yield* Effect.forkScoped(at.collect(tagOf(0), 0))
    yield* settled
    const arrive = yield* at.hold("between")
    at.store(0)
    at.told(1)
    yield* settled
    yield* Fiber.interrupt(reader)
    yield* arrive
    for (let i = 0; i < 30; i++) at.store(i % 2)
    yield* at.asked
    const seen = yield* at.follow(tagOf(1), 29)
    yield* settled
    expect([...(yield* Queue.takeAll(seen))]).toEqual([31])
    // the end, and its own page up to there: not all that has been written since
    expect(yield* at.asked).toEqual({ head: 1, between: 0, page: 1 })
  })
)

it.scoped("answers that take longer than the poll interval hold up nobody for ever", () =>
  Effect.gen(function* () {
    const at = yield* scene
    for (let i = 0; i < 25; i++) at.store(0)
    at.slow("3 seconds")
    const seen = yield* at.follow(tagOf(0), 0)
    for (let second = 0; second < 40; second++) yield* Effect.zipRight(TestClock.adjust("1 second"), settled)
    expect([...(yield* Queue.takeAll(seen))]).toEqual(at.positionsOf(0))
    at.store(0)
    for (let second = 0; second < 20; second++) yield* Effect.zipRight(TestClock.adjust("1 second"), settled)
    expect([...(yield* Queue.takeAll(seen))]).toEqual([26])
  })
)

it.scoped("a reader that begins beyond the end waits, and gets what comes after its place", () =>
  Effect.gen(function* () {
    const at = yield* scene
    at.store(0)
    const seen = yield* at.follow(tagOf(0), 3)
    yield* settled
    for (let position = 2; position <= 5; position++) {
      at.store(0)
      at.told(position)
      yield* settled
    }
    expect([...(yield* Queue.takeAll(seen))]).toEqual([4, 5])
  })
)

it.scoped("a failure while a reader is busy is none of its business, and it misses nothing", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const gate = yield* Deferred.make<void>()
    const busy = yield* at.follow(tagOf(0), 0, Deferred.await(gate))
    const waiting = yield* Effect.forkScoped(at.collect(tagOf(1), 0))
    yield* settled
    for (let i = 0; i < 6; i++) at.store(0)
    at.told(6)
    yield* settled
    at.fail(true)
    at.told(7)
    yield* settled
    expect((yield* Fiber.join(waiting)).error).toMatchObject({ reason: "Unavailable" })
    at.fail(false)
    at.store(0)
    yield* Deferred.succeed(gate, undefined)
    yield* settled
    expect([...(yield* Queue.takeAll(busy))]).toEqual([1, 2, 3, 4, 5, 6, 7])
  })
)

it.scoped("a past that changed while nobody could be told is told to those who come next, once", () =>
  Effect.gen(function* () {
    const at = yield* scene
    for (let i = 0; i < 6; i++) at.store(0)
    const before = yield* Effect.forkScoped(at.collect(tagOf(0), 0))
    yield* settled
    // the server is away for longer than a read is repeated, and comes back with another past
    at.fail(true)
    at.told(7)
    yield* settled
    expect((yield* Fiber.join(before)).error).toMatchObject({ reason: "Unavailable" })
    at.restore(3)
    for (let i = 0; i < 5; i++) at.store(0)
    at.fail(false)
    expect(yield* at.collect(tagOf(0), 6)).toMatchObject({ seen: [], error: { reason: "PastChanged" } })
    const after = yield* at.follow(tagOf(0), 6)
    yield* settled
    expect([...(yield* Queue.takeAll(after))]).toEqual([7, 8])
  })
)

it.scoped("a past that changes while all readers are busy is told to each when it comes for more", () =>
  Effect.gen(function* () {
    const at = yield* scene
    for (let i = 0; i < 60; i++) at.store(i % 2)
    const gates = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
    const seen: Array<number> = []
    const failures = yield* Effect.forEach(gates, (gate, partition) =>
      Effect.forkScoped(
        Effect.flip(
          Stream.runForEach(at.events(tagOf(partition), 0), ({ position }) =>
            Effect.zipRight(
              Deferred.await(gate),
              Effect.sync(() => seen.push(position))
            )
          )
        )
      )
    )
    yield* settled
    // each has a first page of ten
    at.restore(40)
    for (let i = 0; i < 40; i++) at.store(i % 2)
    yield* TestClock.adjust("2 seconds")
    for (const gate of gates) yield* Deferred.succeed(gate, undefined)
    yield* settled
    for (const failure of failures) expect(yield* Fiber.join(failure)).toMatchObject({ reason: "PastChanged" })
    expect(Math.max(...seen)).toBeLessThanOrEqual(20)
  })
)

it.scoped("an end that was seen and is no longer there is a changed past, also where the tail's own place is", () =>
  Effect.gen(function* () {
    const at = yield* scene
    at.store(0)
    const reader = yield* Effect.forkScoped(at.collect(tagOf(0), 0))
    yield* settled
    at.store(0)
    const lookedAt = yield* at.hold("head")
    yield* TestClock.adjust(pollInterval)
    at.restore(1)
    yield* lookedAt
    expect(yield* Fiber.join(reader)).toMatchObject({ seen: [1], error: { reason: "PastChanged" } })
  })
)

it.scoped("what was told of and is not there is looked for once, and comes when it is there", () =>
  Effect.gen(function* () {
    const at = yield* scene
    at.store(0)
    const seen = yield* at.follow(tagOf(0), 1)
    yield* settled
    yield* at.asked
    for (let i = 0; i < 5; i++) {
      at.told(2)
      yield* settled
    }
    expect(yield* at.asked).toEqual({ head: 5, between: 5, page: 0 })
    at.store(0)
    yield* TestClock.adjust(pollInterval)
    expect([...(yield* Queue.takeAll(seen))]).toEqual([2])
  })
)

it.scoped("an event whose schema throws fails its readers with that, and the tail goes on for others", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const reader = yield* Effect.forkScoped(Effect.exit(at.collect(tagOf(0), 0)))
    yield* settled
    at.store(0, "defect")
    at.told(1)
    yield* settled
    const exit = yield* Fiber.join(reader)
    expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
    const other = yield* at.follow(tagOf(1), 0)
    yield* settled
    at.store(1)
    at.told(2)
    yield* settled
    expect([...(yield* Queue.takeAll(other))]).toEqual([2])
  })
)

it.scoped("an event that carries a tag twice is shown once", () =>
  Effect.gen(function* () {
    const at = yield* scene
    const seen = yield* at.follow(tagOf(0), 0)
    yield* settled
    at.store(0, "{}", ['["T", 0]', '["other", 0]', '["T", 0]'])
    at.told(1)
    yield* settled
    expect([...(yield* Queue.takeAll(seen))]).toEqual([1])
  })
)

it.scoped("readers that leave in the middle of anything leave nothing behind", () =>
  Effect.gen(function* () {
    const at = yield* scene
    for (let i = 0; i < 30; i++) at.store(0)
    for (const held of ["head", "page", "between"] as const) {
      const release = yield* at.hold(held)
      const reader = yield* Effect.fork(at.collect(tagOf(0), 0))
      yield* settled
      at.store(0)
      at.told(at.length())
      yield* settled
      yield* Fiber.interrupt(reader)
      yield* release
      yield* TestClock.adjust(pollInterval)
      yield* at.asked
      yield* TestClock.adjust("60 seconds")
      expect(yield* at.asked).toEqual({ head: 0, between: 0, page: 0 })
    }
    const seen = yield* at.follow(tagOf(0), 31)
    yield* settled
    expect([...(yield* Queue.takeAll(seen))]).toEqual([32, 33])
  })
)

it.scoped("who comes for more when the journal is closed is told so", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const at = yield* Scope.extend(scene, scope)
    at.store(0)
    const gate = yield* Deferred.make<void>()
    const busy = yield* Effect.fork(Effect.flip(Stream.runForEach(at.events(tagOf(0), 0), () => Deferred.await(gate))))
    yield* settled
    yield* Scope.close(scope, Exit.void)
    yield* Deferred.succeed(gate, undefined)
    expect(yield* Fiber.join(busy)).toMatchObject({ reason: "Unavailable" })
  })
)
