/** Replays in place: what they mend, whom they stop, and what a crash leaves. */
import { DistributedProcessing, ProcessLease } from "@aecor/core"
import { expect } from "@effect/vitest"
import { DateTime, Deferred, Duration, Effect, Exit, Option, Stream } from "effect"
import * as Replay from "../../Replay.js"
import { added, FewJournal, host, mortal, nothing, SumsView } from "./repartitionScene.js"
import * as Scene from "./replayScene.js"
import type { ReplayTest } from "./replayTest.js"

/** How many have been at it at once, at the most. */
const atOnce = () => {
  let [now, most] = [0, 0]
  const one = Effect.acquireRelease(
    Effect.sync(() => void (most = Math.max(most, ++now))),
    () => Effect.sync(() => void (now -= 1))
  )
  return { one, most: () => most }
}

const keys = ["a", "b", "c", "d", "e", "f"]
const selected = (some: ReadonlyArray<string>) => Effect.flatMap(SumsView, (view) => Effect.forEach(some, view.get))

export const inPlaceTests = (it: ReplayTest, every: number): void => {
  it(
    "a fold that was wrong is mended by a replay of the right one, and the processes go on by the new code",
    Effect.gen(function* () {
      yield* Scene.node(Scene.by(Scene.wrong), "old")
      yield* Scene.node(Scene.by(Scene.right), "new")
      for (const key of keys) yield* Scene.append(key, [1, 2, 3, 4])
      yield* Scene.reached(keys)
      expect(yield* selected(keys)).not.toContainEqual(Option.some(Scene.after([1, 2, 3, 4])))
      const report = yield* Replay.inPlace(Scene.by(Scene.right), "all", { fingerprint: "new" })
      expect(report).toEqual({ keys: 6, events: 24, changed: 6, freed: 0, failed: 0, errors: [] })
      yield* Scene.expectRight(keys)
      for (const key of keys) yield* Scene.append(key, [5, 6])
      yield* Scene.reached(keys)
      yield* Scene.expectRight(keys)
      expect((yield* Replay.inPlace(Scene.by(Scene.right), "all")).changed).toBe(0)
    })
  )

  it(
    "a replay that is killed after any of its steps is done by the next one, under load, and no row goes back",
    Effect.gen(function* () {
      const lease = yield* ProcessLease.ProcessLease
      const view = yield* SumsView
      let ended = false
      yield* Scene.node(Scene.by(Scene.right))
      for (const key of keys) yield* Scene.append(key, [1, 2, 3])
      const seen = yield* Scene.watching(view, keys)
      yield* Effect.forEach(keys, (key) => Scene.append(key, [7])).pipe(
        Effect.zipRight(Effect.sleep("50 millis")),
        Effect.forever,
        Effect.forkScoped
      )
      yield* Scene.reached(keys)
      let steps = 0
      for (; !ended; steps += every) {
        const { isDead, leases, stores } = mortal(steps)
        const exit = yield* Replay.inPlace(Scene.by(Scene.right), "all", { keysAtOnce: 1, patience: "3 seconds" }).pipe(
          Effect.provideService(ProcessLease.ProcessLease, leases(lease)),
          Effect.provideService(SumsView, stores(view)),
          Effect.exit
        )
        ended = Exit.isSuccess(exit)
        expect(ended).toBe(!isDead())
        yield* Replay.inPlace(Scene.by(Scene.right), "all", { patience: "3 seconds" })
        expect((yield* lease.list(Scene.name)).map((row) => row.desired)).toEqual([true, true, true])
        yield* Scene.reached(keys)
      }
      // it is suspended, seized and resumed, and each part of a tag is written
      expect(steps).toBeGreaterThan(5)
      expect(seen.wrongs).toEqual([])
      expect(seen.reads()).toBeGreaterThan(0)
    })
  )

  it(
    "as many tags are read side by side as is said, and the rows of one are written after those of another",
    Effect.gen(function* () {
      const [journal, view] = [yield* FewJournal, yield* SumsView]
      yield* Scene.node(Scene.by(Scene.right))
      for (const key of keys) yield* Scene.append(key, [1, 2])
      yield* Scene.reached(keys)
      const two = yield* Deferred.make<void>()
      const [reading, writing] = [atOnce(), atOnce()]
      const read = Effect.gen(function* () {
        yield* reading.one
        if (reading.most() === 2) yield* Deferred.succeed(two, undefined)
        yield* Effect.timeoutOption(Deferred.await(two), "5 seconds")
      })
      const report = yield* Replay.inPlace(Scene.by(Scene.right), "all", { tagsAtOnce: 2 }).pipe(
        Effect.provideService(FewJournal, {
          ...journal,
          currentEventsByTag: (tag, after) =>
            Stream.unwrapScoped(Effect.as(read, journal.currentEventsByTag(tag, after)))
        }),
        Effect.provideService(SumsView, {
          ...view,
          replace: (rows) =>
            Effect.scoped(
              writing.one.pipe(Effect.zipRight(Effect.sleep("20 millis")), Effect.zipRight(view.replace(rows)))
            )
        })
      )
      expect([reading.most(), writing.most()]).toEqual([2, 1])
      expect(report).toMatchObject({ keys: 6, events: 12, changed: 0 })
    })
  )

  it(
    "an older copy that wakes within the replay, or after it, writes nothing",
    Effect.gen(function* () {
      const view = yield* SumsView
      const [folded, awake, refused] = [
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>(),
        yield* Deferred.make<unknown>()
      ]
      const sleepy: typeof view = {
        ...view,
        commit: (page) =>
          Deferred.succeed(folded, undefined).pipe(
            Effect.zipRight(Deferred.await(awake)),
            Effect.zipRight(view.commit(page)),
            Effect.tapError((error) => Deferred.succeed(refused, error)),
            Effect.uninterruptible
          )
      }
      yield* Scene.append("a", [1, 2, 3])
      const own = yield* host
      const old = Scene.by(Scene.wrong)
      const processes = old.processes.map((process) => Effect.provideService(process, SumsView, sleepy))
      yield* Effect.provide(DistributedProcessing.start(old.name, processes, { shutdownTimeout: "100 millis" }), own)
      yield* Deferred.await(folded)
      const report = yield* Replay.inPlace(Scene.by(Scene.right), "all", { patience: "1 second" })
      expect(report.changed).toBe(1)
      yield* Deferred.succeed(awake, undefined)
      expect(yield* Deferred.await(refused)).toMatchObject({ _tag: "Fenced", deployment: Scene.name })
      expect(yield* view.get("a")).toEqual(Option.some(Scene.after([1, 2, 3])))
    })
  )

  it(
    "a deployment that was stopped stays stopped, and one that nobody has started has nothing to replay",
    Effect.gen(function* () {
      const unknown = yield* Effect.flip(Replay.inPlace(Scene.by(Scene.right), "all"))
      expect(unknown).toMatchObject({ _tag: "UnknownDeployment" })
      yield* Scene.node(Scene.by(Scene.wrong))
      yield* Scene.append("a", [1, 2, 3])
      yield* Scene.reached(["a"])
      const lease = yield* ProcessLease.ProcessLease
      yield* lease.stop(Scene.name)
      yield* Replay.inPlace(Scene.by(Scene.right), "all")
      yield* Scene.expectRight(["a"])
      expect((yield* lease.list(Scene.name)).map(({ desired }) => desired)).toEqual([false, false, false])
    })
  )

  it(
    "of the keys only those are replaced that are asked for: by position, by time, by range, by name",
    Effect.gen(function* () {
      const journal = yield* FewJournal
      const view = yield* SumsView
      const edited = { version: 1, view: { ...nothing, sum: -1 } }
      const spoiled = Effect.zipRight(Scene.spoil(new Map()), Scene.spoil(new Map(keys.map((key) => [key, edited]))))
      for (const key of keys) yield* Scene.append(key, [1])
      yield* spoiled
      const mended = Effect.fnUntraced(function* (selection: Replay.Selection, expected: ReadonlyArray<string>) {
        const before = yield* selected(keys)
        const report = yield* Replay.inPlace(Scene.by(Scene.right), selection)
        expect(report.keys).toBe(expected.length)
        yield* Scene.expectRight(expected)
        for (const [i, key] of keys.entries()) {
          if (!expected.includes(key)) expect([key, yield* view.get(key)]).toEqual([key, before[i]])
        }
      })
      yield* mended({ key: "b" }, ["b"])
      yield* mended({ key: "nobody" }, [])
      yield* mended({ from: "c", to: "d" }, ["c", "d"])
      const position = Math.max(...(yield* Effect.forEach(FewJournal.tagging.tags, journal.head)))
      yield* Effect.sleep("20 millis")
      const time = DateTime.unsafeMake(yield* Scene.now)
      yield* Effect.sleep("20 millis")
      yield* Scene.append("e", [2])
      yield* mended({ after: position }, ["e"])
      yield* Scene.append("f", [2])
      yield* mended({ since: time }, ["e", "f"])
      yield* mended({ since: DateTime.addDuration(time, Duration.hours(1)) }, [])
      yield* mended("all", keys)
    })
  )

  it(
    "a key that waits in the quarantine leaves it where it can be folded now, and its next events are projected",
    Effect.gen(function* () {
      const view = yield* SumsView
      yield* Scene.node(Scene.by(Scene.superstitious), "old")
      yield* Scene.node(Scene.by(Scene.right), "new")
      yield* Scene.append("a", [1, 13, 2])
      yield* Effect.sleep("20 millis").pipe(
        Effect.zipRight(view.quarantined(Scene.name)),
        Effect.repeat({ until: ([entry]) => entry?.last === 3 })
      )
      const still = yield* Replay.inPlace(Scene.by(Scene.superstitious), "all")
      expect(still).toMatchObject({ freed: 0, failed: 1 })
      expect(yield* Replay.inPlace(Scene.by(Scene.right), "all", { fingerprint: "new" })).toMatchObject({
        changed: 1,
        freed: 1,
        failed: 0
      })
      expect(yield* view.quarantined(Scene.name)).toEqual([])
      yield* Scene.append("a", [13, 4])
      yield* Scene.reached(["a"])
      yield* Scene.expectRight(["a"])
    })
  )

  it(
    "a row that its events delete is gone after a replay, and stays gone; one that they bring back is there",
    Effect.gen(function* () {
      const view = yield* SumsView
      const [gone, back] = [
        [5, Scene.last],
        [5, Scene.last, 6]
      ] as const
      yield* Scene.append("gone", gone)
      yield* Scene.append("back", back)
      yield* Scene.spoil(new Map([["gone", Scene.after(gone)]]))
      const projection = Scene.by(Scene.mortal)
      const found = yield* Replay.dryRun(projection, "all")
      expect(found).toMatchObject({ same: 0, counts: { Different: 1, Missing: 1 } })
      expect(yield* Replay.inPlace(projection, "all")).toMatchObject({ keys: 2, changed: 2, failed: 0 })
      expect(yield* view.get("gone")).toEqual(Option.none())
      expect(yield* view.get("back")).toEqual(Option.some({ ...Scene.after([6]), version: 3 }))
      expect(yield* Replay.dryRun(projection, "all")).toMatchObject({ same: 2, samples: [] })
      yield* Scene.node(projection)
      yield* Scene.append("gone", [7])
      yield* view.awaitReceipt({ key: "gone", sequence: 3 }, "20 seconds")
      expect(yield* view.get("gone")).toEqual(Option.some({ ...Scene.after([7]), version: 3 }))
    })
  )

  it(
    "however many keys have an event after a position, each is folded from its first",
    Effect.gen(function* () {
      const journal = yield* FewJournal
      const many = Array.from({ length: 200 }, (_, i) => `key ${i}`)
      yield* Effect.forEach([...keys, ...many], (key) => journal.append(key, 0, [added(1), added(2)]))
      const [position] = yield* Effect.forEach(FewJournal.tagging.tags.slice(0, 1), journal.head)
      yield* Effect.forEach(many, (key) => journal.append(key, 2, [added(3)]))
      yield* Scene.spoil(new Map())
      const report = yield* Replay.inPlace(Scene.by(Scene.right), { after: position ?? 0 }, { keysAtOnce: 70 })
      expect(report).toMatchObject({ changed: report.keys, failed: 0 })
      expect(report.keys).toBeGreaterThanOrEqual(many.length)
      yield* Scene.expectRight(many)
    })
  )

  it(
    "a key that cannot be folded is told and left as it is, and the others are mended",
    Effect.gen(function* () {
      yield* Scene.append("a", [1, 2])
      yield* Scene.append("b", [13, 2])
      const edited = { version: 2, view: { ...nothing, sum: -1 } }
      yield* Scene.spoil(new Map(["a", "b"].map((key) => [key, edited])))
      const report = yield* Replay.inPlace(Scene.by(Scene.superstitious), "all")
      expect(report).toMatchObject({ keys: 2, changed: 1, failed: 1 })
      expect(report.errors).toMatchObject([{ _tag: "EventFailed", key: "b", sequence: 1 }])
      yield* Scene.expectRight(["a"])
      expect(yield* selected(["b"])).toEqual([Option.some(edited)])
    })
  )
}
