// What @effect/cluster does that is worked around here: see docs/upstream.md. A test that fails after an upgrade says
// that a work-around may go.
import { RunnerAddress, RunnerStorage, ShardId, Sharding } from "@effect/cluster"
import { describe, expect, it } from "@effect/vitest"
import { TestCluster } from "@aecor/core/testing"
import { Effect, TestClock } from "effect"

describe("@effect/cluster", () => {
  it.scoped("does not start a singleton again that has failed or completed", () =>
    Effect.gen(function* () {
      const sharding = yield* Sharding.Sharding
      const starts = { failing: 0, completing: 0, lasting: 0 }
      yield* sharding.registerSingleton(
        "failing",
        Effect.suspend(() => Effect.fail(++starts.failing))
      )
      yield* sharding.registerSingleton(
        "completing",
        Effect.sync(() => void starts.completing++)
      )
      yield* sharding.registerSingleton(
        "lasting",
        Effect.suspend(() => Effect.as(Effect.never, ++starts.lasting))
      )
      yield* TestClock.adjust("15 seconds")
      expect(starts).toEqual({ failing: 1, completing: 1, lasting: 1 })
    }).pipe(Effect.provide(TestCluster.layer))
  )

  it.effect("gives a shard in memory to whoever asks for it: no two runners can be tested on it", () =>
    Effect.gen(function* () {
      const storage = yield* RunnerStorage.RunnerStorage
      const shard = ShardId.make("default", 1)
      const [one, other] = [RunnerAddress.make("one", 1), RunnerAddress.make("other", 1)]
      expect(yield* storage.acquire(one, [shard])).toEqual([shard])
      expect(yield* storage.acquire(other, [shard])).toEqual([shard])
      expect(yield* storage.refresh(one, [shard])).toEqual([shard])
    }).pipe(Effect.provide(RunnerStorage.layerMemory))
  )
})
