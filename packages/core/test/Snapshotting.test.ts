// Snapshots whose store misbehaves: no command fails, waits or answers anything else for it.
import { EntityHost, JournalError, SnapshotStore, Snapshotting } from "@aecor/core"
import { TestCluster } from "@aecor/core/testing"
import { Error as Platform, KeyValueStore } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, FastCheck, Fiber, Layer, Logger, Option, Schema, TestClock } from "effect"
import * as Instance from "../src/internal/instance.js"
import { passesMultiple } from "../src/internal/snapshots.js"
import { type Desk, desk, Diary, saved, snapshotKey } from "../src/testing/internal/diary.js"

describe("a store that does not work", () => {
  const broken = new Platform.BadArgument({ module: "KeyValueStore", method: "any", description: "broken" })
  const failures = { fails: Effect.fail(broken), dies: Effect.dieMessage("broken"), stops: Effect.interrupt }

  for (const [name, failure] of Object.entries(failures)) {
    it.scoped(`that ${name} does not keep an entity from its work, and is logged`, () =>
      withStore({ get: () => failure, set: () => failure }, ({ at, logged }) =>
        Effect.gen(function* () {
          const diary = yield* at.open(saved(2))
          expect(yield* diary("k").Write({ texts: ["a", "b"] })).toBe(2)
          yield* at.shut
          expect(logged).toEqual([
            `WARN Diary "k": its snapshot could not be read`,
            `WARN Diary "k": its snapshot at 2 was not saved`
          ])
          expect((yield* (yield* at.open(saved(2)))("k").Read()).pages).toEqual(["a", "b"])
        })
      )
    )
  }

  const silent = Effect.uninterruptible(Effect.never)

  it.scoped("that does not answer is waited for a little by an entity that wakes, and by nobody else", () =>
    withStore({ get: () => silent, set: () => silent }, ({ at, logged }) =>
      Effect.gen(function* () {
        const diary = yield* at.open(saved(2))
        const first = yield* Effect.fork(diary("k").Write({ texts: ["a", "b"] }))
        yield* TestClock.adjust("1999 millis")
        expect(Option.isNone(yield* Fiber.poll(first))).toBe(true)
        yield* TestClock.adjust("1 millis")
        expect(yield* Fiber.join(first)).toBe(2)
        expect(yield* diary("k").Write({ texts: ["c", "d"] })).toBe(4)
        const shutting = yield* Effect.fork(at.shut)
        yield* TestClock.adjust("4 seconds")
        yield* Fiber.join(shutting)
        expect(logged[0]).toBe(`WARN Diary "k": its snapshot could not be read`)
      })
    )
  )

  it.scoped("that is too slow loses snapshots, and says so", () =>
    withStore({ set: () => Effect.never }, ({ at, logged }) =>
      Effect.gen(function* () {
        const diary = yield* at.open(saved(1))
        for (let i = 1; i <= 300; i++) expect(yield* diary("k").Write({ texts: ["x"] })).toBe(i)
        expect(logged.at(-1)).toBe(`WARN Diary "k": its snapshot at 300 was not saved: the store is too slow`)
        const shutting = yield* Effect.fork(at.shut)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(shutting)
      })
    )
  )
})

it.scoped("snapshots that wait are saved when the entity is shut", () =>
  withStore({ set: (store) => (key, value) => Effect.delay(store.set(key, value), "500 millis") }, ({ at }) =>
    Effect.gen(function* () {
      const diary = yield* at.open(saved(2))
      for (const key of ["a", "b", "c"]) yield* diary(key).Write({ texts: ["x", "y"] })
      const shutting = yield* Effect.fork(at.shut)
      yield* TestClock.adjust("1500 millis")
      yield* Fiber.join(shutting)
      const again = yield* at.open(saved(2))
      at.reads.length = 0
      for (const key of ["a", "b", "c"]) yield* again(key).Read()
      expect(at.reads).toEqual([2, 2, 2])
    })
  )
)

it.scoped("a snapshot is saved once for each time that a multiple is passed, and never for a read", () =>
  Effect.gen(function* () {
    const sets: Array<string> = []
    yield* withStore({ set: () => (key) => Effect.sync(() => void sets.push(key)) }, ({ at }) =>
      Effect.gen(function* () {
        const diary = yield* at.open(saved(10))
        for (let i = 0; i < 25; i++) {
          yield* diary("a").Write({ texts: ["x"] })
          yield* diary("a").Read()
        }
        yield* diary("b").Write({ texts: Array.from({ length: 35 }, () => "x") })
        yield* at.shut
      })
    )
    expect(sets).toEqual([snapshotKey("a"), snapshotKey("a"), snapshotKey("b")])
  })
)

it.scoped("a snapshot on which the events cannot follow is not used", () =>
  withStore({}, ({ at, logged, store }) =>
    Effect.gen(function* () {
      const diary = yield* at.open(saved(2))
      yield* diary("k").Write({ texts: ["a", "b"] })
      yield* diary("k").Tear()
      yield* at.shut
      const own = yield* Effect.flatten(store.get(snapshotKey("k")))
      yield* store.set(snapshotKey("k"), own.replace(`["a","b"]`, "[]"))
      expect((yield* (yield* at.open(saved(2)))("k").Read()).pages).toEqual(["a"])
      expect(logged.at(-1)).toContain(`its snapshot at 2 is not used: what comes after it cannot follow`)
    })
  )
)

it.scoped("a snapshot that waits knows no command that came after it", () =>
  Effect.gen(function* () {
    const gate = yield* Effect.makeLatch(false)
    const waiting = (store: KeyValueStore.KeyValueStore) => (key: string, value: string | Uint8Array) =>
      Effect.zipRight(gate.await, store.set(key, value))
    yield* withStore({ set: waiting }, ({ at }) =>
      Effect.gen(function* () {
        const diary = yield* at.open(saved(2))
        yield* diary("other").Write({ texts: ["x", "y"] })
        yield* diary("k").Write({ texts: ["a", "b"] })
        yield* diary("k").Write({ texts: ["c"] }, { commandId: "c-1" })
        yield* gate.open
        yield* at.shut
        yield* at.journal.rewind("k", 2)
        const again = yield* at.open(saved(2))
        expect(yield* again("k").Write({ texts: ["c"] }, { commandId: "c-1" })).toBe(3)
        expect((yield* again("k").Read()).pages).toEqual(["a", "b", "c"])
        expect(at.reads.at(-1)).toBe(2)
      })
    )
  })
)

it.effect("nothing is saved of what the journal has not acknowledged", () =>
  Effect.gen(function* () {
    const saves: Array<number> = []
    const { journal } = yield* desk
    const lost = (key: string, expected: number) => new JournalError.InDoubt({ journal: "j", key, expected })
    let answers = false
    const run = Instance.make<number, unknown>({
      entity: "Counter",
      key: "k",
      journal: {
        ...journal,
        append: (key, expected, events) =>
          answers
            ? Effect.succeed({ sequence: expected + events.length, position: 1, lastId: "e-1" })
            : lost(key, expected)
      },
      fold: { initial: 0, reduce: (count) => count + 1 },
      commands: new Map([
        [
          "Count",
          {
            handle: (_, session) => session.append("counted"),
            encodeReply: () => Effect.succeed(undefined),
            decodeReply: () => Effect.void,
            cachedRead: false
          }
        ]
      ]),
      snapshots: {
        isDue: passesMultiple.bind(undefined, 1),
        find: () => Effect.succeed(undefined),
        save: (_, { sequence }) => Effect.sync(() => void saves.push(sequence))
      }
    })
    const count = Effect.either(run("Count", { key: "k", id: "c-1", command: undefined, metadata: {} }))
    expect(yield* count).toMatchObject({ left: { reason: "InDoubt" } })
    expect(saves).toEqual([])
    answers = true
    expect(yield* count).toMatchObject({ right: { sequence: 1 } })
    expect(saves).toEqual([1])
  }).pipe(Effect.scoped)
)

it.scoped("an entity of a cluster that has slept wakes from its snapshot", () =>
  Effect.gen(function* () {
    const at = yield* desk
    const host = EntityHost.layerClusterWith({ idleTimeToLive: "20 seconds" }).pipe(Layer.provide(TestCluster.layer))
    const layer = saved(2).pipe(Layer.provide([host, at.served, SnapshotStore.layerMemory]))
    const diary = Context.get(yield* Layer.build(layer), Diary)
    const sent = <A, E>(command: Effect.Effect<A, E>) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(command)
        yield* TestClock.adjust("1 seconds")
        return yield* Fiber.join(fiber)
      })
    expect(yield* sent(diary("k").Write({ texts: ["a", "b", "c"] }))).toBe(3)
    yield* TestClock.adjust("50 seconds")
    expect((yield* sent(diary("k").Read())).pages).toEqual(["a", "b", "c"])
    expect(at.reads).toEqual([1, 3])
  })
)

describe("the snapshot store in memory", () => {
  it.effect("is not the key-value store of the application", () =>
    Effect.gen(function* () {
      yield* (yield* SnapshotStore.SnapshotStore).set("k", "a snapshot")
      const application = yield* KeyValueStore.KeyValueStore
      expect(yield* application.size).toBe(0)
    }).pipe(Effect.provide([SnapshotStore.layerMemory, KeyValueStore.layerMemory]))
  )

  it.effect("can be the key-value store of the application, if asked for", () =>
    Effect.gen(function* () {
      yield* (yield* SnapshotStore.SnapshotStore).set("k", "a snapshot")
      const application = yield* KeyValueStore.KeyValueStore
      expect(yield* application.get("k")).toEqual(Option.some("a snapshot"))
    }).pipe(Effect.provide(Layer.provideMerge(SnapshotStore.layerKeyValueStore, KeyValueStore.layerMemory)))
  )
})

describe("snapshots every n events", () => {
  it("are for positive integers, and versions are integers", () => {
    const every = (events: number, version = 1) => Snapshotting.every(events, { state: Schema.Int, version })
    expect(every(1)).toMatchObject({ every: 1, version: 1 })
    for (const events of [0, -1, 0.5, Number.NaN, Infinity]) expect(() => every(events)).toThrow("positive integer")
    for (const version of [0.5, Number.NaN]) expect(() => every(1, version)).toThrow("no integer")
  })

  it.prop(
    "are due where a multiple of n lies in between",
    [FastCheck.integer({ min: 1, max: 9 }), FastCheck.nat(40), FastCheck.nat(40)],
    ([n, from, count]) => {
      const between = Array.from({ length: count }, (_, i) => from + i + 1)
      expect(passesMultiple(n, from, from + count)).toBe(between.some((sequence) => sequence % n === 0))
    }
  )
})

/** How a store differs from one in memory. */
interface Faults {
  readonly get?: () => Effect.Effect<never, Platform.PlatformError>
  readonly set?: (
    store: KeyValueStore.KeyValueStore
  ) => Effect.Effect<never, Platform.PlatformError> | KeyValueStore.KeyValueStore["set"]
}

/** A desk whose entities are saved in such a store; what is logged is written down. */
const withStore = <A, E>(
  { get, set }: Faults,
  use: (given: {
    readonly at: Desk
    readonly store: KeyValueStore.KeyValueStore
    readonly logged: ReadonlyArray<string>
  }) => Effect.Effect<A, E, SnapshotStore.SnapshotStore>
) =>
  Effect.gen(function* () {
    const logged: Array<string> = []
    const listening = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ logLevel, message }) => void logged.push(`${logLevel.label} ${[message].flat()[0]}`))
    )
    const store = Context.get(yield* Layer.build(SnapshotStore.layerMemory), SnapshotStore.SnapshotStore)
    const setting = set?.(store)
    const layer = SnapshotStore.layer({
      ...store,
      ...(get === undefined ? {} : { get }),
      ...(setting === undefined ? {} : { set: typeof setting === "function" ? setting : () => setting })
    })
    return yield* desk.pipe(
      Effect.flatMap((at) => use({ at, store, logged })),
      Effect.provide([layer, listening])
    )
  })
