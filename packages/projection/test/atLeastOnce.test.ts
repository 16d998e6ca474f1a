import { ConsumerId, DistributedProcessing, type EntityEvent, OffsetStore } from "@aecor/core"
import { FailurePolicy, Projection } from "@aecor/projection"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Scope, TestClock } from "effect"
import {
  breakIt,
  claim,
  count,
  CounterJournal,
  errorOf,
  Hosted,
  Memory,
  start,
  counterTag
} from "./fixtures/counter.js"

type Event = EntityEvent.EntityEvent<{ readonly _tag: string }>

const reacting = <E, R>(name: string, handle: (event: Event) => Effect.Effect<void, E, R>, pageSize?: number) =>
  Projection.atLeastOnce(name, { journal: CounterJournal, handle, ...(pageSize === undefined ? {} : { pageSize }) })

describe("Projection.atLeastOnce", () => {
  it("refuses a page size that is not a positive integer", () => {
    expect(() => reacting("Reaction", () => Effect.void, 0)).toThrow(RangeError)
  })

  it.scoped("handles every event in order and commits the offset after each page", () =>
    Effect.gen(function* () {
      const { commits, offsets } = yield* recording
      const { handled, handle } = handling()
      yield* count("a", [1, 2])
      yield* count("b", [1, 2, 3])
      yield* Effect.provideService(start(reacting("Order", handle, 2)), OffsetStore.OffsetStore, offsets)
      yield* TestClock.adjust("1 millis")
      expect(handled.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5])
      expect(commits).toEqual([2, 4, 5])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped(
    "a failed event is tried again after the host's backoff; those before it are not, those behind it wait",
    () =>
      Effect.gen(function* () {
        const { commits, offsets } = yield* recording
        let failures = 3
        const { handled, handle } = handling((event) =>
          event.position === 3 && failures-- > 0 ? Effect.fail("sold out" as const) : Effect.void
        )
        yield* count("a", [1, 2, 3, 4])
        const { name, processes } = reacting("Retry", handle)
        yield* Effect.provideService(
          DistributedProcessing.start(name, processes, restart),
          OffsetStore.OffsetStore,
          offsets
        )
        yield* TestClock.adjust("10 millis")
        expect(commits).toEqual([2])
        const [row] = yield* DistributedProcessing.status(name)
        expect(row?.deployment).toBe(name)
        yield* TestClock.adjust("2 seconds")
        expect(handled.map(({ position }) => position)).toEqual([1, 2, 3, 3, 3, 3, 4])
        expect(new Set(handled.slice(2, 6).map(({ id }) => id)).size).toBe(1)
        expect(commits).toEqual([2, 4])
      }).pipe(Effect.provide(Hosted))
  )

  it.scoped("a handler that fails, dies or throws ends the process with an error that names the event", () =>
    Effect.gen(function* () {
      yield* count("a", [1, 2])
      const wrongs: ReadonlyArray<() => Effect.Effect<void, string>> = [
        () => Effect.fail("no answer"),
        () => Effect.die(new Error("no answer")),
        () => {
          throw new Error("no answer")
        }
      ]
      for (const wrong of wrongs) {
        const { handle } = handling(({ sequence }) => (sequence === 2 ? wrong() : Effect.void))
        const error = yield* errorOf(yield* start(reacting("Fails", handle)))
        expect(error).toBeInstanceOf(Projection.EventFailed)
        expect(error).toMatchObject({ projection: "Fails", eventType: "Counted", key: "a", sequence: 2, position: 2 })
        expect(String(error)).toContain("no answer")
      }
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("a shutdown within a page commits what has been handled", () =>
    Effect.gen(function* () {
      const offsets = yield* OffsetStore.OffsetStore
      const reached = yield* Deferred.make<void>()
      const { handle } = handling(({ position }) =>
        position === 3 ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never) : Effect.void
      )
      yield* count("a", [1, 2, 3, 4])
      const process = yield* start(reacting("Shutdown", handle))
      yield* Deferred.await(reached)
      yield* process.shutdown
      expect(yield* offsets.get(ConsumerId.make("Shutdown", counterTag))).toBe(2)
      const exit = yield* process.watchTermination
      expect(Exit.isInterrupted(exit)).toBe(true)
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("an event whose commit was lost comes again, under the same id", () =>
    Effect.gen(function* () {
      const offsets = yield* OffsetStore.OffsetStore
      const { handled, handle } = handling()
      yield* count("a", [1, 2])
      const lost = { ...offsets, commit: () => Effect.dieMessage("crash") }
      const crashed = yield* Effect.provideService(start(reacting("Lost", handle)), OffsetStore.OffsetStore, lost)
      yield* crashed.watchTermination
      yield* start(reacting("Lost", handle))
      yield* TestClock.adjust("1 millis")
      expect(handled.map(({ position }) => position)).toEqual([1, 2, 1, 2])
      expect(new Set(handled.map(({ id }) => id)).size).toBe(2)
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("a failure and a refused commit are both told", () =>
    Effect.gen(function* () {
      yield* count("a", [1, 2])
      const { handle } = handling(({ position }) =>
        position === 2 ? Effect.zipRight(claim("Both"), Effect.fail("sold out" as const)) : Effect.void
      )
      const process = yield* start(reacting("Both", handle))
      const exit = yield* process.watchTermination
      const failures = Exit.isFailure(exit) ? [...Cause.failures(exit.cause)] : []
      expect(failures).toMatchObject([{ _tag: "EventFailed" }, { _tag: "Fenced" }])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("an older copy's offset is refused, and the process ends", () =>
    Effect.gen(function* () {
      const offsets = yield* OffsetStore.OffsetStore
      yield* count("a", [1])
      const { handle } = handling(() => claim("Older"))
      expect(yield* errorOf(yield* start(reacting("Older", handle)))).toMatchObject({ _tag: "Fenced" })
      expect(yield* offsets.get(ConsumerId.make("Older", counterTag))).toBe(0)
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("an offset beyond the journal's head ends the process", () =>
    Effect.gen(function* () {
      const offsets = yield* OffsetStore.OffsetStore
      const fence = yield* claim("Beyond")
      yield* offsets.commit({ consumer: ConsumerId.make("Beyond", counterTag), fence, expected: 0, offset: 1 })
      const error = yield* errorOf(yield* start(reacting("Beyond", () => Effect.void)))
      expect(error).toMatchObject({ _tag: "OffsetBeyondHead", offset: 1, head: 0 })
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("gives each event a scope of its own, and the services of the deployment", () =>
    Effect.gen(function* () {
      const steps: Array<string> = []
      const handle = ({ sequence }: Event) =>
        Effect.gen(function* () {
          const scope = yield* Effect.scope
          const say = yield* Say
          yield* Scope.addFinalizer(scope, say(`close ${sequence}`))
          yield* say(`open ${sequence}`)
        })
      yield* count("a", [1, 2])
      yield* Effect.provideService(start(reacting("Scoped", handle)), Say, (text) =>
        Effect.sync(() => void steps.push(text))
      )
      yield* TestClock.adjust("1 millis")
      expect(steps).toEqual(["open 1", "close 1", "open 2", "close 2"])
    }).pipe(Effect.provide(Memory))
  )
})

describe("a projection of some types of events only", () => {
  const seldom = (handle: (event: Event) => Effect.Effect<void, string>, onFailure?: FailurePolicy.FailurePolicy) =>
    Projection.atLeastOnce("Seldom", {
      journal: CounterJournal,
      only: ["Broken"],
      handle,
      ...(onFailure === undefined ? {} : { onFailure })
    })

  it.scoped("is given these alone; the others are committed together, a second after the first", () =>
    Effect.gen(function* () {
      const { commits, offsets } = yield* recording
      const { handled, handle } = handling()
      yield* Effect.provideService(start(seldom(handle)), OffsetStore.OffsetStore, offsets)
      for (const key of ["a", "b", "c"]) {
        yield* count(key, [1])
        yield* TestClock.adjust("300 millis")
      }
      expect([handled.length, commits]).toEqual([0, []])
      yield* TestClock.adjust("200 millis")
      expect(commits).toEqual([3])
      yield* TestClock.adjust("1 minute")
      expect([handled.length, commits]).toEqual([0, [3]])
      yield* count("d", [1])
      yield* TestClock.adjust("1 second")
      expect(commits).toEqual([3, 4])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("commits what it has passed with the next event that it handles", () =>
    Effect.gen(function* () {
      const { commits, offsets } = yield* recording
      const { handled, handle } = handling()
      yield* Effect.provideService(start(seldom(handle)), OffsetStore.OffsetStore, offsets)
      yield* count("a", [1, 2])
      yield* TestClock.adjust("100 millis")
      yield* breakIt("a", 2)
      yield* TestClock.adjust("100 millis")
      expect([handled.map(({ position }) => position), commits]).toEqual([[3], [3]])
      yield* TestClock.adjust("1 minute")
      expect(commits).toEqual([3])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("what is set aside is tried again without the events of other types, in their order", () =>
    Effect.gen(function* () {
      let isWell = false
      const { handled, handle } = handling(() => (isWell ? Effect.void : Effect.fail("not yet")))
      const projection = seldom(handle, FailurePolicy.quarantine({ limit: 10 }))
      yield* breakIt("a", 0)
      yield* count("a", [1], 1)
      yield* start(projection)
      yield* TestClock.adjust("2 seconds")
      yield* breakIt("a", 2)
      yield* count("a", [1], 3)
      yield* TestClock.adjust("2 seconds")
      expect(handled.map(({ sequence }) => sequence)).toEqual([1])
      isWell = true
      yield* projection.quarantine.retry()
      expect(handled.map(({ sequence }) => sequence)).toEqual([1, 1, 3])
      expect(yield* projection.quarantine.entries).toEqual([])
    }).pipe(Effect.provide(Memory))
  )

  it.scoped("a type that is named later is met from where the projection stands", () =>
    Effect.gen(function* () {
      const { handled, handle } = handling()
      const older = yield* start(seldom(handle))
      yield* count("a", [1])
      yield* breakIt("a", 1)
      yield* TestClock.adjust("2 seconds")
      yield* older.shutdown
      yield* count("a", [2], 2)
      yield* start(Projection.atLeastOnce("Seldom", { journal: CounterJournal, only: ["Broken", "Counted"], handle }))
      yield* TestClock.adjust("2 seconds")
      expect(handled.map(({ sequence }) => sequence)).toEqual([2, 3])
    }).pipe(Effect.provide(Memory))
  )

  it("refuses to be about no type, and about one that the journal has not", () => {
    const about = (only: ReadonlyArray<"Broken">) =>
      Projection.atLeastOnce("Seldom", { journal: CounterJournal, only, handle: () => Effect.void })
    const unknown: ReadonlyArray<string> = ["Broken", "Brocken"]
    expect(() => about([])).toThrow(RangeError)
    expect(() => about(unknown as ReadonlyArray<"Broken">)).toThrow("has no events of type Brocken")
    expect(about(["Broken"]).name).toBe("Seldom")
  })

  it.scoped("an older copy's offset of what it passed is refused, and the process ends", () =>
    Effect.gen(function* () {
      const { handle } = handling()
      const process = yield* start(seldom(handle))
      yield* claim("Seldom")
      yield* count("a", [1])
      yield* TestClock.adjust("2 seconds")
      expect(yield* errorOf(process)).toMatchObject({ _tag: "Fenced" })
    }).pipe(Effect.provide(Memory))
  )
})

class Say extends Context.Tag("Say")<Say, (text: string) => Effect.Effect<void>>() {}

const restart = { backoff: { min: "100 millis", max: "200 millis" } } as const

/** A handler that notes what it is given. */
const handling = <E = never, R = never>(then: (event: Event) => Effect.Effect<unknown, E, R> = () => Effect.void) => {
  const handled: Array<Event> = []
  const handle = (event: Event): Effect.Effect<void, E, R> => {
    handled.push(event)
    return Effect.asVoid(then(event))
  }
  return { handled, handle }
}

/** An offset store that notes what is committed to it. */
const recording = Effect.map(OffsetStore.OffsetStore, (store) => {
  const commits: Array<number> = []
  const offsets: typeof store = {
    ...store,
    commit: (commit) => Effect.tap(store.commit(commit), () => void commits.push(commit.offset))
  }
  return { commits, offsets }
})
