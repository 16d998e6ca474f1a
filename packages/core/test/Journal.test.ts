import { JournalSuite } from "@aecor/core/testing"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream, TestClock } from "effect"
import * as memory from "../src/internal/journalMemory.js"
import { Opened, WalletJournal } from "./fixtures/Wallet.js"

const { EarlierSuiteJournal, SuiteJournal } = JournalSuite
const shared = Layer.unwrapEffect(
  Effect.map(memory.storage, (storage) =>
    Layer.mergeAll(
      Layer.effect(SuiteJournal, memory.make(SuiteJournal.format, SuiteJournal.tagging, storage)),
      Layer.effect(EarlierSuiteJournal, memory.make(EarlierSuiteJournal.format, EarlierSuiteJournal.tagging, storage))
    )
  )
)

JournalSuite.suite("the journal in memory", shared)

const { FourJournal, SevenJournal, ThreeJournal } = JournalSuite
const releases = Layer.unwrapEffect(
  Effect.map(memory.storage, (storage) =>
    Layer.mergeAll(
      Layer.effect(FourJournal, memory.make(FourJournal.format, FourJournal.tagging, storage)),
      Layer.effect(SevenJournal, memory.make(SevenJournal.format, SevenJournal.tagging, storage)),
      Layer.effect(ThreeJournal, memory.make(ThreeJournal.format, ThreeJournal.tagging, storage))
    )
  )
)

JournalSuite.repartitioning("the journal in memory that is repartitioned", releases)

describe("the journal in memory, on the clock of the tests,", () => {
  const opened = new Opened({ owner: "ann" })

  it.effect("stamps events with the time, which never goes back", () =>
    Effect.gen(function* () {
      const journal = yield* WalletJournal
      for (const [sequence, now] of [1000, 2000, 500, 3000].entries()) {
        yield* TestClock.setTime(now)
        yield* journal.append("w-1", sequence, [opened])
      }
      const times = yield* Stream.runCollect(Stream.map(journal.read("w-1", 1), (_) => _.timestamp))
      expect([...times]).toEqual([1000, 2000, 2000, 3000])
    }).pipe(Effect.provide(WalletJournal.layerMemory))
  )

  it.effect("is a new one wherever its layer is built", () =>
    Effect.gen(function* () {
      const append = Effect.flatMap(WalletJournal, (journal) => journal.append("w-1", 0, [opened]))
      for (const _ of [1, 2])
        expect(yield* Effect.provide(append, WalletJournal.layerMemory)).toMatchObject({ sequence: 1 })
    })
  )

  it.effect("shows a live reader what was appended by a writer that was interrupted meanwhile", () =>
    Effect.gen(function* () {
      const journal = yield* WalletJournal
      const tag = WalletJournal.tagging.tagOf("w-1")
      for (let sequence = 0; sequence < 20; sequence++) {
        const reader = yield* Effect.fork(Stream.runHead(journal.eventsByTag(tag, sequence)))
        yield* Effect.yieldNow()
        const writer = yield* Effect.fork(journal.append("w-1", sequence, [opened]))
        for (let turn = 0; turn < sequence; turn++) yield* Effect.yieldNow()
        yield* Fiber.interrupt(writer)
        const stored = yield* Stream.runCount(journal.read("w-1", sequence + 1))
        if (stored === 0) yield* journal.append("w-1", sequence, [opened])
        yield* Fiber.join(reader)
      }
    }).pipe(Effect.provide(WalletJournal.layerMemory))
  )
})
