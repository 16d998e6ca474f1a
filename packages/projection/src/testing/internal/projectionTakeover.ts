/** A projection whose processes are taken over: of two copies only the newest one's commits take effect. */
import { ConsumerId, DistributedProcessing, type RunningProcess } from "@aecor/core"
import { expect, type Vitest } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Option } from "effect"
import { scene, type Services } from "./scene.js"
import { added, TotalsJournal } from "./totals.js"
import { settle } from "./virtualTime.js"

/** The typed error that a process ended with. */
const errorOf = (process: RunningProcess.RunningProcess) =>
  Effect.map(process.watchTermination, (exit) =>
    Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
  )

export const takeoverTests = (test: Vitest.Tester<Services>): void => {
  test("an older copy that wakes before its commit is refused, and the view is right", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const [receipt] = yield* at.append([{ key: 0, events: [added(1), added(2)] }])
      const index = TotalsJournal.tagging.tagOf(at.key(0)).partition
      const folded = yield* Deferred.make<void>()
      const awake = yield* Deferred.make<void>()
      const sleepy = {
        ...at.store,
        commit: (commit: Parameters<typeof at.store.commit>[0]) =>
          Deferred.succeed(folded, undefined).pipe(
            Effect.zipRight(Deferred.await(awake)),
            Effect.zipRight(at.store.commit(commit))
          )
      }
      const older = yield* at.start(index, { store: sleepy })
      yield* Deferred.await(folded)
      const newer = yield* at.start(index)
      const receipts = yield* at.append([{ key: 0, events: [added(3)] }])
      yield* at.reached(receipts)
      yield* Deferred.succeed(awake, undefined)
      expect(yield* errorOf(older)).toMatchObject({ _tag: "Fenced", deployment: at.id, index })
      yield* at.expectFold(receipts)
      expect(receipts[0]?.sequence).toBe((receipt?.sequence ?? 0) + 1)
      yield* newer.shutdown
    }).pipe(Effect.scoped, settle))

  test("an older copy that wakes before the newer one has written anything is refused as well", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const receipts = yield* at.append([{ key: 0, events: [added(1)] }])
      const tag = TotalsJournal.tagging.tagOf(at.key(0))
      const older = yield* at.start(tag.partition)
      yield* at.reached(receipts)
      const { offset } = yield* at.store.load(ConsumerId.make(at.id, tag), [])
      yield* at.lease.revoke(at.id, tag.partition)
      yield* at.append([{ key: 0, events: [added(2)] }])
      expect(yield* errorOf(older)).toMatchObject({ _tag: "Fenced" })
      expect((yield* at.store.load(ConsumerId.make(at.id, tag), [])).offset).toBe(offset)
      expect(Option.getOrThrow(yield* at.store.get(at.key(0))).version).toBe(2)
    }).pipe(Effect.scoped, settle))

  test("two copies at once: one is refused, and every event is folded once", () =>
    Effect.gen(function* () {
      const at = yield* scene
      const history = [0, 1, 2, 3, 4].map((key) => ({ key, events: [added(key), added(1)] }))
      yield* at.append(history)
      const older = yield* Effect.forEach(TotalsJournal.tagging.tags, ({ partition }) =>
        at.start(partition, { pageSize: 1 })
      )
      const newer = yield* Effect.forEach(TotalsJournal.tagging.tags, ({ partition }) =>
        at.start(partition, { pageSize: 2 })
      )
      const receipts = yield* at.append(history)
      yield* at.reached(receipts)
      yield* at.expectFold(receipts)
      yield* Effect.forEach(TotalsJournal.tagging.tags, ({ partition }) =>
        Effect.gen(function* () {
          const copy = older[partition]
          const touched = receipts.some(({ key }) => TotalsJournal.tagging.tagOf(key).partition === partition)
          if (copy !== undefined && touched) {
            expect(yield* errorOf(copy)).toMatchObject({ _tag: expect.stringMatching(/^(Fenced|CommitConflict)$/) })
          }
        })
      )
      yield* Effect.forEach(newer, (process) => process.shutdown)
    }).pipe(Effect.scoped, settle))

  test("a process whose epoch is stolen comes back with a newer one and goes on", () =>
    Effect.gen(function* () {
      const at = yield* scene
      yield* at.deploy()
      const history = [0, 1, 2, 3].map((key) => ({ key, events: [added(1)] }))
      yield* at.reached(yield* at.append(history))
      const before = yield* DistributedProcessing.status(at.id)
      for (const { index } of before) yield* at.lease.revoke(at.id, index)
      const receipts = yield* at.append(history)
      yield* at.reached(receipts)
      yield* at.expectFold(receipts)
      const touched = new Set(receipts.map(({ key }) => TotalsJournal.tagging.tagOf(key).partition))
      for (const row of yield* DistributedProcessing.status(at.id)) {
        // the thief took one epoch, the host's next run another
        if (touched.has(row.index)) expect(row.epoch).toBeGreaterThanOrEqual((before[row.index]?.epoch ?? 0) + 2)
      }
    }).pipe(Effect.scoped, settle))
}
