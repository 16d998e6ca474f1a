// The changes of processes as streams: how often the lease is asked, and what its absence does.
import type { Lease } from "@aecor/core"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Scope, Stream, TestClock } from "effect"
import { silence } from "../src/internal/deploymentSettings.js"
import * as Observe from "../src/internal/observe.js"
import { onLayer } from "../src/testing/internal/patience.js"
import { newLease, refuses, troubledOf } from "./fixtures/troubledLease.js"

describe("the changes of a deployment's processes", () => {
  test("are looked at once a second however many subscribe, and not at all when nobody does", ({ looks, subscribe }) =>
    Effect.gen(function* () {
      yield* TestClock.adjust("10 seconds")
      expect(looks()).toBe(0)
      const subscribers = yield* Effect.forEach([1, 2, 3, 4, 5], () => subscribe("set"))
      yield* TestClock.adjust("10 seconds")
      expect(looks()).toBeGreaterThanOrEqual(10)
      expect(looks()).toBeLessThanOrEqual(11)
      yield* Effect.forEach(subscribers, ({ fiber }) => Fiber.interrupt(fiber))
      const before = looks()
      yield* TestClock.adjust("10 seconds")
      expect(looks()).toBe(before)
      expect((yield* subscribe("set")).seen).toEqual(["0 Waiting", "1 Waiting"])
    }))

  test("go on when the lease answers again", ({ lease, subscribe, trouble }) =>
    Effect.gen(function* () {
      trouble.begin(refuses, ["list"])
      const { seen } = yield* subscribe("set")
      yield* TestClock.adjust("5 seconds")
      expect(seen).toEqual([])
      trouble.end()
      yield* TestClock.adjust("1 second")
      expect(seen).toEqual(["0 Waiting", "1 Waiting"])
      trouble.begin(refuses, ["list"])
      yield* lease.claim({ deployment: "set", index: 1, generation: 0 }, "a", silence)
      yield* TestClock.adjust("1 second")
      trouble.end()
      yield* TestClock.adjust("1 second")
      expect(seen).toEqual(["0 Waiting", "1 Waiting", "1 Running"])
      yield* TestClock.adjust("3 seconds")
      expect(seen.at(-1)).toBe("1 Silent")
    }))

  test("begin where nobody has started the deployment yet", ({ lease, subscribe }) =>
    Effect.gen(function* () {
      const { seen } = yield* subscribe("later")
      yield* TestClock.adjust("5 seconds")
      yield* lease.register("later", 1)
      yield* TestClock.adjust("1 second")
      expect(seen).toEqual(["0 Waiting"])
    }))
})

interface Given {
  readonly lease: Lease.Operations
  readonly trouble: ReturnType<typeof troubledOf>
  readonly looks: () => number
  readonly subscribe: (
    name: string
  ) => Effect.Effect<{ readonly fiber: Fiber.Fiber<void>; readonly seen: ReadonlyArray<string> }, never, Scope.Scope>
}

function test<E>(sentence: string, body: (given: Given) => Effect.Effect<void, E, Scope.Scope>) {
  it.effect(sentence, () =>
    onLayer(
      Effect.gen(function* () {
        const lease = yield* newLease
        yield* lease.register("set", 2)
        const trouble = troubledOf(lease)
        let looks = 0
        const counted: Lease.Operations = {
          ...trouble.service,
          list: (name) => Effect.suspend(() => ((looks += 1), trouble.service.list(name)))
        }
        const { changes } = yield* Observe.make(counted)
        const subscribe: Given["subscribe"] = (name) =>
          Effect.gen(function* () {
            const seen: Array<string> = []
            const note = Stream.runForEach(changes(name), ({ actual, index }) =>
              Effect.sync(() => void seen.push(`${index} ${actual}`))
            )
            const fiber = yield* Effect.forkScoped(note)
            yield* TestClock.adjust(0)
            return { fiber, seen }
          })
        yield* body({ lease, trouble, looks: () => looks, subscribe })
      }),
      Layer.empty
    )
  )
}
