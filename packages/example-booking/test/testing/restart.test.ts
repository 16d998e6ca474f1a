import { DistributedProcessing, Process, ProcessLease } from "@aecor/core"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Ref, TestClock } from "effect"

const Host = DistributedProcessing.layerLocal.pipe(Layer.provide(ProcessLease.layerMemory))

it.scoped("a process that fails runs again after its backoff of 3 seconds and a bit, in no real time", () =>
  Effect.gen(function* () {
    const runs = yield* Ref.make(0)
    const run = Effect.flatMap(
      Ref.updateAndGet(runs, (n) => n + 1),
      (n) => (n === 1 ? Effect.fail("gone") : Effect.never)
    )
    yield* DistributedProcessing.start("Flaky", [Process.fromEffect(run)])
    yield* TestClock.adjust("2 seconds")
    expect(yield* Ref.get(runs)).toBe(1)
    yield* TestClock.adjust("2 seconds")
    expect(yield* Ref.get(runs)).toBe(2)
  }).pipe(Effect.provide(Host))
)
